"""Table of the commands, and a group that imports a command's module when the command is run.

`orders --help` and `orders show` do not wait for Temporal's client and a web server to be imported.
"""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS: Final = {
    "dev": (
        "cli.dev:dev",
        "Run PostgreSQL, Temporal, worker, HTTP API and page, with data kept in .orders/, until Ctrl-C.",
    ),
    "demo": (
        "cli.demo:demo",
        "Run the Northwind orders on throwaway data: everything up, orders placed, followed to their end, audited.",
    ),
    "migrate": (
        "cli.serving:migrate_database",
        "Bring the database's schema up to date, as its owner (DATABASE_OWNER_URL, else DATABASE_URL).",
    ),
    "worker": (
        "cli.serving:worker",
        "Run the Temporal worker, the dispatcher and the projector, until SIGINT or SIGTERM.",
    ),
    "api": (
        "cli.api:api",
        "Serve the HTTP API and the operators' page on ORDERS_API_ADDRESS, until SIGINT or SIGTERM.",
    ),
    "place": ("cli.place:place", "Place the orders of a file, one JSON object a line."),
    "show": ("cli.show:show_order", "Show an order as its stream has it: status, payment, items, address."),
    "timeline": (
        "cli.timeline:timeline",
        "Show an order's events with who acted and why, and its workflows with links to the Temporal Web UI.",
    ),
    "list": ("cli.listing:list_orders", "List orders, the last placed first, from the order-dashboard read model."),
    "customers": (
        "cli.listing:customers",
        "List customers with their orders and spend, one row for each currency; or show one customer.",
    ),
    "cancel": (
        "cli.cancel:cancel",
        "Cancel an order that has not shipped; what was charged, reserved or bought for it is undone.",
    ),
    "hold": (
        "cli.holding:hold",
        "Hold an order: it takes no further step until it is released, and can still be cancelled.",
    ),
    "release": (
        "cli.holding:release",
        "Release a held order: it goes on from where it stands. One that is not on hold stays as it is.",
    ),
    "retry": (
        "cli.retrying:retry_order",
        "Take an order up again whose workflow was terminated, has failed or is stalled; it ends as if nothing had happened.",
    ),
    "refund": (
        "cli.refunding:refund",
        "Give money of a shipped order back, as often as wanted; all refunds together never exceed what was charged.",
    ),
    "attention": (
        "cli.attention:attention",
        "List what is stuck: failing steps, stalled and lost workflows, orders on hold, parked events, money at risk.",
    ),
    "inventory": ("cli.inventory:inventory", "Stock levels: import them, list them, set one."),
    "projections": ("cli.read_models:projections", "Read models: how far each has come, and building one anew."),
    "dispatcher": ("cli.dispatching:dispatcher", "The dispatcher: how far it has come, and retrying parked events."),
    "webhooks": ("cli.webhooks:webhooks", "Webhooks: endpoints, their secrets and deliveries."),
    "audit": (
        "cli.audit:audit",
        "Prove the books from first principles: streams, money, labels, stock, messages, open orders, read models.",
    ),
    "recover": (
        "cli.recover:recover",
        "Find and take up the losses of a fail-over or a restore: sequence, checkpoints, charges, refunds, labels, workflows.",
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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] in COMMANDS:
            self.commands[args[0]] = load_command(args[0])
        return super().resolve_command(ctx, args)


def load_command(name: str) -> Any:
    """The command as the command-line library has it."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    single = typer.Typer(add_completion=False)
    single.command(name)(found)
    return typer.main.get_command(single)
