"""Recovery time: from the end of a fault to the first event that only a worker appends."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from chaos.patience import until_answered
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from orders.events import OrderConfirmed, OrderPaid, OrderRefunded, OrderShipped

LIMIT: Final = 60.0  # seconds
_POLL: Final = 0.05  # seconds
_BY_WORKERS: Final = tuple(each.event_type for each in (OrderConfirmed, OrderPaid, OrderShipped, OrderRefunded))


async def recovery_seconds(store: EventStore) -> float | None:
    """Seconds from now to the next event that a worker appends for any order; None if there is none within LIMIT."""
    over = datetime.now(UTC)
    head = await until_answered(store.head)
    try:
        async with asyncio.timeout(LIMIT):
            while not (event := await _next_event(store, head)):  # noqa: ASYNC110 – the outside world sets no event
                await asyncio.sleep(_POLL)
    except TimeoutError:
        return None
    return max(0.0, (event.recorded_at - over).total_seconds())


async def _next_event(store: EventStore, head: int) -> RecordedEvent | None:
    page = await until_answered(lambda: store.read_all(after=head, limit=1, types=_BY_WORKERS))
    return page.events[0] if page.events else None
