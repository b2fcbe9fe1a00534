"""`orders projections`: the progress of the read models, and rebuilds."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from application.standings import STANDING_COLUMNS, standings
from cli.arguments import AsJson
from cli.output import note, show, show_json, table, visible
from cli.progress import positions
from cli.running import executed, opened
from eventstore.parking import Parking, parked_counts
from projections import PROJECTIONS
from projections.rebuild import rebuild
from settings import Settings

projections = typer.Typer(no_args_is_help=True, help="Read models: the progress of each, and rebuilding one.")

_BY_NAME: Final = {projection.name: projection for projection in PROJECTIONS}
ProjectionName = StrEnum("ProjectionName", {name.replace("-", "_").upper(): name for name in _BY_NAME})  # type: ignore[misc]
OptionalName = Annotated[
    ProjectionName | None,
    typer.Argument(metavar="[NAME]", help=f"The read model: {' or '.join(_BY_NAME)}. Default: all."),
]


@projections.command()
@executed()
async def status(settings: Settings, as_json: AsJson = False) -> None:
    """Show each read model's position, its lag behind the log, and its parked events."""
    async with opened(settings) as app:
        found = await standings(app.store, list(_BY_NAME), await parked_counts(app.pool))
        parked = [(name, event) for name in _BY_NAME for event in await Parking(app.pool, name).all()]
    if as_json:
        show_json({"projections": [each.as_json() for each in found]})
        return
    show(table(*STANDING_COLUMNS, rows=(each.row() for each in found), right=STANDING_COLUMNS[1:]))
    for name, event in parked:
        where = f"position {event.position}, {event.stream} #{event.version} {event.event_type}"
        show(f"parked by {name}: {visible(where)}: {visible(event.reason)}")


@projections.command("rebuild")
@executed()
async def rebuild_projection(settings: Settings, name: OptionalName = None, as_json: AsJson = False) -> None:
    """Rebuild a read model, or all in one pass, from the whole log beside the live one; swap it in once it has caught up."""
    chosen = [_BY_NAME[str(name)]] if name else PROJECTIONS
    async with opened(settings) as app:
        with positions(f"rebuilding {name or 'all read models'}") as on_progress:
            built = await rebuild(app.pool, app.store, app.codec, chosen, on_progress)
    if as_json:
        documents = [{"projection": each.projection, "position": each.position} for each in built]
        show_json(documents[0] if name else {"projections": documents})
        return
    for each in built:
        note(f"{each.projection} is rebuilt, up to position {each.position:,}")
