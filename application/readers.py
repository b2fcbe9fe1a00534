"""Every reader of the log."""

from collections.abc import Sequence
from typing import Final

from application.standings import Standing, standings
from bootstrap import App
from dispatcher.dispatcher import NAME as DISPATCHER
from projections import PROJECTIONS
from webhooks.endpoints import READER as WEBHOOKS

PROJECTION_NAMES: Final = tuple(projection.name for projection in PROJECTIONS)


async def readers(app: App, others: Sequence[str] = ()) -> list[Standing]:
    """The dispatcher and the projections, in this order, then the others that are there."""
    parked = await app.queries.parked_counts() | {
        DISPATCHER: await app.parking.count(),
        WEBHOOKS: await app.deliveries.parked(),
    }
    names = (DISPATCHER, *PROJECTION_NAMES)
    found = await standings(app, (*names, *others), parked)
    return [each for each in found if each.name in names or (each.name in others and each.position is not None)]
