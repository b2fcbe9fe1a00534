"""`orders dispatcher`: its progress, and its parked events."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from application.standings import STANDING_COLUMNS, standings
from application.wire import camel_case
from cli.arguments import LARGEST, AsJson
from cli.output import show, show_json, table, visible
from cli.refusals import OK, REFUSED, Refused
from cli.running import executed, opened, temporal
from dispatcher.bulk import waiting_bulk_orders
from dispatcher.dispatcher import NAME, Dispatcher
from eventstore.parking import ParkedEvent, Parking
from settings import Settings

dispatcher = typer.Typer(no_args_is_help=True, help="The dispatcher: its progress, and retrying parked events.")

Position = Annotated[
    int | None, typer.Argument(metavar="[POSITION]", min=1, max=LARGEST, help="A parked event's position.")
]
All = Annotated[bool, typer.Option("--all", help="Retry every parked event.")]


@dispatcher.command()
@executed()
async def status(settings: Settings, as_json: AsJson = False) -> None:
    """Show the dispatcher's position, its lag behind the log, waiting bulk orders, and parked events with their reasons."""
    async with opened(settings) as app:
        parked = await Parking(app.pool, NAME).all()
        [standing] = await standings(app.store, [NAME], {NAME: len(parked)})
        waiting = await waiting_bulk_orders(app.pool)
    if as_json:
        show_json(standing.as_json() | {"bulkWaiting": waiting, "events": _documents(parked)})
        return
    show(table(*STANDING_COLUMNS, rows=[standing.row()], right=STANDING_COLUMNS[1:]))
    if waiting:
        show(f"{waiting:,} bulk orders wait for their turn")
    if parked:
        show(
            table(
                "position",
                "event",
                "stream",
                "attempts",
                "last",
                "reason",
                rows=map(_row, parked),
                right=("position", "attempts"),
            )
        )


def _documents(parked: Iterable[ParkedEvent]) -> list[dict[str, Any]]:
    return [{k: v for k, v in camel_case(asdict(event)).items() if k != "version"} for event in parked]


def _row(event: ParkedEvent) -> tuple[object, ...]:
    return event.position, event.event_type, event.stream, event.attempts, event.last_attempt_at, event.reason


def _require_one(given: Mapping[str, Any]) -> None:
    if (given["position"] is None) != given["every"]:
        raise typer.BadParameter("give a POSITION or --all, one of the two", param_hint="POSITION")


@dispatcher.command()
@executed(check=_require_one)
async def retry(settings: Settings, position: Position = None, every: All = False, as_json: AsJson = False) -> int:
    """Dispatch a parked event again, or --all of them; exits 1 where one stays parked."""
    async with opened(settings) as app:
        parking = Parking(app.pool, NAME)
        events = [event for event in await parking.all() if every or event.position == position]
        if not events and not every:
            raise Refused(f"no event is parked at position {position}")
        stays = []
        if events:
            again = app.dispatcher(await temporal(settings), eager=False)
            stays = await _retry(again, parking, [event.position for event in events])
    _print(len(events), stays, as_json)
    return REFUSED if stays else OK


async def _retry(again: Dispatcher, parking: Parking, positions: list[int]) -> list[ParkedEvent]:
    """Dispatch parked events again; return those that stay parked, with their latest reasons."""
    for position in positions:
        await again.retry(position)
    return [event for event in await parking.all() if event.position in positions]


def _print(tried: int, stays: list[ParkedEvent], as_json: bool) -> None:
    if as_json:
        show_json({"dispatched": tried - len(stays), "parked": _documents(stays)})
        return
    show(f"dispatched {tried - len(stays):,}, still parked {len(stays):,}")
    for event in stays:
        show(f"position {event.position}, {visible(event.stream)}: {visible(event.reason)}")
