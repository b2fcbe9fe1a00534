"""Waits until orders have settled: shipped, or cancelled with nothing left to refund."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from orders.events import OrderCancelled, OrderRefunded, OrderShipped
from orders.state import Cancelled, Shipped, State

_TYPES: Final = (OrderShipped.event_type, OrderCancelled.event_type, OrderRefunded.event_type)
_POLL: Final = 0.1  # seconds


class Settling:
    """Some orders on their way, followed along the log: each event is read once, however many orders wait."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._settled: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Orders that have not settled."""
        return len(self._open)

    @property
    def counts(self) -> dict[str, int]:
        """Settled orders by status, and the open ones."""
        return {"shipped": self._settled["shipped"], "cancelled": self._settled["cancelled"], "open": self.open}

    def expect(self, order_id: str, state: State) -> None:
        """Wait for this order too, unless it had settled by this state."""
        if is_settled(state):
            self._settled[state.status] += 1
        else:
            self._open.add(order_id)

    async def wait(self, store: EventStore, after: int, on_progress: Callable[["Settling"], None]) -> None:
        """Return once all are settled. after: a position of the log from before the first `expect`."""
        position = after
        while self._open:
            page = await store.read_all(after=position, types=_TYPES)
            for recorded in page.events:
                self._take(recorded)
            on_progress(self)
            if page.position == position:
                await asyncio.sleep(_POLL)
            position = page.position

    def _take(self, recorded: RecordedEvent) -> None:
        try:
            order_id = recorded.data.get("orderId")
        except UndecodableEvent:  # its order stays open, and its readers have parked it
            return
        if order_id not in self._open or recorded.data.get("amountPaid"):  # what was paid has yet to go back
            return
        self._open.discard(order_id)
        self._settled["shipped" if recorded.type == OrderShipped.event_type else "cancelled"] += 1


def is_settled(state: State) -> bool:
    """Whether nothing more will happen to the order by itself."""
    return isinstance(state, Shipped) or (isinstance(state, Cancelled) and state.payment_state != "paid")
