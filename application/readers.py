"""Every reader of the log."""

from typing import Final

from application.standings import Standing, standings
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.parking import parked_counts
from eventstore.store import EventStore
from projections import PROJECTIONS
from webhooks.deliveries import Deliveries
from webhooks.endpoints import READER as WEBHOOKS

_NAMES: Final = (DISPATCHER, *(projection.name for projection in PROJECTIONS), WEBHOOKS)


async def readers(store: EventStore) -> list[Standing]:
    """The dispatcher, the projections, and the relay of the webhooks once it has run, in this order."""
    parked = await parked_counts(store.pool) | {WEBHOOKS: await Deliveries(store.pool).parked()}
    found = await standings(store, _NAMES, parked)
    return [each for each in found if each.name in _NAMES and (each.name != WEBHOOKS or each.position is not None)]
