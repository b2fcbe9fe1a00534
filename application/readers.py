"""Every reader of the log."""

from typing import Final

from application.standings import Standing, standings
from bootstrap import App
from dispatcher.dispatcher import NAME as DISPATCHER
from projections import PROJECTIONS
from webhooks.endpoints import READER as WEBHOOKS

_NAMES: Final = (DISPATCHER, *(projection.name for projection in PROJECTIONS), WEBHOOKS)


async def readers(app: App) -> list[Standing]:
    """The dispatcher, the projections, and that of the webhooks where it has ever run, in this order."""
    parked = await app.queries.parked_counts() | {
        DISPATCHER: await app.parking.count(),
        WEBHOOKS: await app.deliveries.parked(),
    }
    found = await standings(app, _NAMES, parked)
    return [each for each in found if each.name in _NAMES and (each.name != WEBHOOKS or each.position is not None)]
