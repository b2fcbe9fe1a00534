"""`orders dispatcher`: its progress, and its parked events."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from application.standings import STANDING_COLUMNS, standings
from application.wire import camel_case
from cli.arguments import LARGEST, AsJson
from cli.failures import OK, REFUSED, Refused
from cli.output import show, show_json, table, visible
from cli.running import executed, opened, temporal
from dispatcher.bulk import waiting_bulk_orders
from dispatcher.dispatcher import NAME, Dispatcher
from dispatcher.parking import Parked, Parking
from settings import Settings

dispatcher = typer.Typer(no_args_is_help=True, help="The dispatcher: its progress, and retrying parked events.")

_PAGE: Final = 100
Position = Annotated[
    int | None, typer.Argument(metavar="[POSITION]", min=1, max=LARGEST, help="A parked event's position.")
]
All = Annotated[bool, typer.Option("--all", help="Retry every parked event.")]


@dispatcher.command()
@executed()
async def status(settings: Settings, as_json: AsJson = False) -> None:
    """Show the dispatcher's position, its lag behind the log, waiting bulk orders, and parked events with their reasons."""
    async with opened(settings) as app:
        [standing] = await standings(app.store, [NAME], {NAME: await app.parking.count()})
        parked = [event async for event in _parked(app.parking)]
        waiting = await waiting_bulk_orders(app.pool)
    if as_json:
        events = [camel_case(asdict(event)) for event in parked]
        show_json(standing.as_json() | {"bulkWaiting": waiting, "events": events})
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


async def _parked(parking: Parking) -> AsyncIterator[Parked]:
    after = 0
    while page := await parking.list(after=after, limit=_PAGE):
        for event in page:
            yield event
        after = page[-1].position


def _row(event: Parked) -> tuple[object, ...]:
    return event.position, event.event_type, event.stream, event.attempts, event.last_attempt_at, event.reason


def _require_one(given: Mapping[str, Any]) -> None:
    if (given["position"] is None) != given["every"]:
        raise typer.BadParameter("give a POSITION or --all, one of the two", param_hint="POSITION")


@dispatcher.command()
@executed(check=_require_one)
async def retry(settings: Settings, position: Position = None, every: All = False, as_json: AsJson = False) -> int:
    """Dispatch a parked event again, or --all of them; exits 1 where one stays parked."""
    async with opened(settings) as app:
        events = [event async for event in _parked(app.parking) if every or event.position == position]
        if not events and not every:
            raise Refused(f"no event is parked at position {position}")
        stays = []
        if events:
            again = app.dispatcher(await temporal(settings), eager=False)
            stays = await _retry(again, app.parking, [event.position for event in events])
    _print(len(events), stays, as_json)
    return REFUSED if stays else OK


async def _retry(again: Dispatcher, parking: Parking, positions: list[int]) -> list[Parked]:
    """Dispatch parked events again; return those that stay parked, with their latest reasons."""
    for position in positions:
        if await again.retry(position):
            await parking.remove(position)
    return [event async for event in _parked(parking) if event.position in positions]


def _print(tried: int, stays: list[Parked], as_json: bool) -> None:
    if as_json:
        show_json({"dispatched": tried - len(stays), "parked": [camel_case(asdict(event)) for event in stays]})
        return
    show(f"dispatched {tried - len(stays):,}, still parked {len(stays):,}")
    for event in stays:
        show(f"position {event.position}, {visible(event.stream)}: {visible(event.reason)}")
