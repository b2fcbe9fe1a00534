"""Table of the commands, and a group that imports a command's module when the command is run.

`orders --help` and `orders show` do not wait for Temporal's client and a web server to be imported.
"""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from cli.structlog_alone import import_structlog

COMMANDS: Final = {
    "dev": (
        "cli.dev:dev",
        "Run PostgreSQL, Temporal, worker, HTTP API and page, with data kept in .orders/, until Ctrl-C.",
    ),
    "demo": (
        "cli.demo.command:demo",
        "Run the Northwind orders on throwaway data: everything up, orders placed, followed to their end, audited.",
    ),
    "migrate": (
        "cli.migrate:migrate_database",
        "Bring the database's schema up to date, as its owner (DATABASE_OWNER_URL, else DATABASE_URL).",
    ),
    "worker": (
        "cli.worker:worker",
        "Run the Temporal worker, the dispatcher and the projector, until SIGINT or SIGTERM.",
    ),
    "api": (
        "cli.api:api",
        "Serve the HTTP API and the operators' page on ORDERS_API_ADDRESS, until SIGINT or SIGTERM.",
    ),
    "place": ("cli.place.command:place", "Place the orders of a file, one JSON object a line."),
    "show": (
        "cli.show:show_order",
        "Show an order: status, items and address, money that is owed or authorised, and failing steps.",
    ),
    "timeline": (
        "cli.timeline:timeline",
        "Show an order's events with actor and cause, and its workflows with links to the Temporal Web UI.",
    ),
    "list": ("cli.list:list_orders", "List orders, the last entered first, from the order-dashboard read model."),
    "customers": (
        "cli.customers:customers",
        "List customers with their orders and spend, one row for each currency; or show one customer.",
    ),
    "figures": (
        "cli.figures:figures",
        "Show figures by day and currency: orders placed, charged, shipped and cancelled, and money returned.",
    ),
    "cancel": (
        "cli.cancel:cancel",
        "Cancel an order that has not shipped; its charge, reservation and label are undone.",
    ),
    "hold": (
        "cli.hold:hold",
        "Hold an order: it takes no further step until it is released, and can still be cancelled.",
    ),
    "release": (
        "cli.release:release",
        "Release a held order: it goes on from its current state. An order that is not on hold is unchanged.",
    ),
    "retry": (
        "cli.retry:retry_order",
        "Start the workflows of an order again that were terminated, have failed or are stalled.",
    ),
    "note": (
        "cli.annotations:note_order",
        "Add a note to an order in any state; `orders timeline` shows it with its author.",
    ),
    "tag": ("cli.annotations:tag", "Add tags to an order in any state: `orders list --tag` finds it by them."),
    "untag": (
        "cli.annotations:untag",
        "Remove tags from an order in any state. A tag that the order does not have is no error.",
    ),
    "bulk": (
        "cli.bulk.command:bulk",
        "Hold, release, cancel, retry, tag or untag the orders of a file, or all that a filter finds.",
    ),
    "pay": ("cli.pay:pay", "Charge an order that waits for its payment by another means of payment."),
    "refund": (
        "cli.refund:refund",
        "Refund money of a shipped order, once or several times; all refunds together never exceed the charge.",
    ),
    "refunds": (
        "cli.refunds:refunds",
        "Refunds that the payment provider does not make: withdraw or settle one.",
    ),
    "reconcile": (
        "cli.reconcile:reconcile",
        "Compare payments with Stripe now: refunds, captures, releases and disputes made there enter the orders' streams.",
    ),
    "attention": (
        "cli.attention:attention",
        "List orders and events that need an operator, in the order of harm, from money at risk to holds.",
    ),
    "inventory": ("cli.inventory:inventory", "Stock levels: import, list, set, adjust and restock them."),
    "projections": ("cli.projections:projections", "Read models: the progress of each, and rebuilding one."),
    "dispatcher": ("cli.dispatcher:dispatcher", "The dispatcher: its progress, and retrying parked events."),
    "webhooks": ("cli.webhooks:webhooks", "Webhooks: endpoints, their secrets and deliveries."),
    "audit": (
        "cli.audit:audit",
        "Prove the books from first principles: streams, money, labels, stock, messages, open orders, read models.",
    ),
    "recover": (
        "cli.recover:recover",
        "Find and repair the losses of a fail-over or a restore: sequence, checkpoints, charges, refunds, labels, workflows.",
    ),
    "health": (
        "cli.health:health",
        "Check the database, its migrations, Temporal, and that dispatcher and read models keep up; exits 1 if not.",
    ),
}
"""Function or group, and the line in the overview: the first of the command's own help. In the order of the overview."""


class Commands(TyperGroup):
    """The group of all commands: a line of help each until one is run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **options | {"commands": {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}}
        )

    def get_params(self, ctx: Any) -> Any:
        return _as_typed(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            raise _reworded(error) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


def _reworded(error: typer.BadParameter) -> typer.BadParameter:
    """The error with its problem in the words of all other errors, where it is from the validation of a value's type."""
    from pydantic import ValidationError  # noqa: PLC0415

    if isinstance(cause := error.__cause__, ValidationError):
        from orders.faults import problem_of  # noqa: PLC0415

        error.message = problem_of(cause.errors()[0])
    return error


def load_command(name: str) -> Any:
    """Import a command and return it in the form of the command-line library."""
    import_structlog()
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        for each in (group, *group.commands.values()):
            _show_flags_as_typed(each)
        return group
    single = typer.Typer(add_completion=False)
    single.command(name)(found)
    command = typer.main.get_command(single)
    _show_flags_as_typed(command)
    return command


def _show_flags_as_typed(command: Any) -> None:
    params_of = command.get_params
    command.get_params = lambda ctx: _as_typed(params_of(ctx))


def _as_typed(params: Any) -> Any:
    """The parameters, of which the library's help shows options without a value as `--json <bool>`, which is refused."""
    for each in params:
        if getattr(each, "is_flag", False):
            each.metavar = ""
    return params
