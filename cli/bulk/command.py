"""`orders bulk`: one act on the orders of a file, or on all that a filter finds."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from application.bulk_action import BulkAction
from cli.arguments import LARGEST, AsJson, stated_reason, tags
from cli.bulk.acts import NEEDS, TAKES, Action, Request
from cli.bulk.report import Report
from cli.bulk.selection import confirmed, ids_of_file, ids_of_filter, is_terminal
from cli.cancel import Person
from cli.order_filter import filtered, order_filter
from cli.output import show, show_json, visible
from cli.place.lines import STANDARD_INPUT
from cli.refusals import OK, Refused
from cli.running import executed, opened, temporal
from projections.order_filter import ALL_ORDERS, OrderFilter
from settings import Settings

ToDo = Annotated[Action, typer.Argument(metavar="ACTION", help=f"One of {', '.join(Action)}.", show_default=False)]
NewTags = Annotated[
    list[str] | None, typer.Argument(metavar="[TAG…]", help="The tags of `tag` and `untag`.", callback=tags)
]
File = Annotated[
    str | None, typer.Option("--file", metavar="FILE", help="Ids of orders, one a line; - is standard input.")
]
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="The reason, shown to every reader of an order.", callback=stated_reason),
]
By = Annotated[Person | None, typer.Option("--by", help="Of cancel: the person who wishes it; operator by default.")]
Carrier = Annotated[str | None, typer.Option("--carrier", help="Of retry: buy the labels from this carrier.")]
Service = Annotated[str | None, typer.Option("--service", help="Of retry: buy labels of this service of the carrier.")]
MaxOrders = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, max=LARGEST, help="Act on at most this many: the first of the file or of `orders list`."
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Print the number of orders and the first ids, with --json all, and change nothing."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
_PREVIEWED: Final = 10
_OF_ACTIONS = ("reason", "by", "carrier", "service", "tags")


def _require_sense(given: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other, or that the action does not take."""
    action = given["action"]
    for name in _OF_ACTIONS:
        hint = "TAG" if name == "tags" else f"--{name}"
        if given[name] and name not in TAKES[action]:
            raise typer.BadParameter(f"{action} takes none", param_hint=hint)
        if name == NEEDS[action] and not given[name]:
            raise typer.BadParameter(f"{action} needs one", param_hint=hint)
    if bool(given["file"]) == (order_filter(given) != ALL_ORDERS):
        raise typer.BadParameter("give either a file of ids or a filter, such as --status", param_hint="--file")
    asks = not given["yes"] and not given["dry_run"]
    if asks and (given["file"] == STANDARD_INPUT or not is_terminal()):
        raise typer.BadParameter("is needed where no person can be asked for confirmation", param_hint="--yes")


@executed(check=_require_sense)
@filtered
async def bulk(
    settings: Settings,
    action: ToDo,
    tags: NewTags = None,
    file: File = None,
    *,
    wanted: OrderFilter,
    reason: Reason = None,
    by: By = None,
    carrier: Carrier = None,
    service: Service = None,
    limit: MaxOrders = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> int:
    """Hold, release, cancel, retry, tag or untag the orders of a file, or all that a filter finds.

    Each order is acted on as by the command of that name. An order that is refused is printed with the reason, and the
    others go on; exits 1 if any was refused. Ctrl-C stops after the orders in progress. --json: a line for each order,
    then the summary.
    """
    request = Request(action, reason or "", by or Person.OPERATOR, carrier, service, tuple(tags or ()))
    async with opened(settings) as app:
        ids = (await ids_of_file(file))[:limit] if file else await ids_of_filter(wanted, app.queries, limit)
        if dry_run:
            _preview(action, ids, as_json)
            return OK
        if ids and not yes and not await confirmed(f"{action} {len(ids):,} orders?"):
            raise Refused("nothing was changed")
        client = await temporal(settings, lazy=True)
        act = request.act(app.orders, client, settings)
        return await Report(BulkAction(ids, act), settings, as_json=as_json).run()


def _preview(action: Action, ids: list[str], as_json: bool) -> None:
    if as_json:
        show_json({"orders": len(ids), "orderIds": ids})
        return
    more = [f"and {len(ids) - _PREVIEWED:,} more"] if len(ids) > _PREVIEWED else []
    show(f"{action} {len(ids):,} orders: nothing was changed", *map(visible, ids[:_PREVIEWED]), *more)
