"""Waits until orders have ended: shipped, or cancelled with nothing left to refund."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final

from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from open_work.open_orders import has_ended
from orders.events import OrderCancelled, OrderRefunded, OrderShipped
from orders.state import State

_TYPES: Final = (OrderShipped.event_type, OrderCancelled.event_type, OrderRefunded.event_type)
_POLL: Final = 0.1  # seconds


class Endings:
    """Open orders, followed in the log: each event is read once for all of them."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._ended: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Number of orders that have not ended."""
        return len(self._open)

    @property
    def counts(self) -> dict[str, int]:
        """Ended orders by status, and the open ones."""
        return {"shipped": self._ended["shipped"], "cancelled": self._ended["cancelled"], "open": self.open}

    def expect(self, order_id: str, state: State) -> None:
        """Add an order to wait for, unless it has ended in this state."""
        if has_ended(state):
            self._ended[state.status] += 1
        else:
            self._open.add(order_id)

    async def wait(self, store: EventStore, after: int, on_progress: Callable[["Endings"], None]) -> None:
        """Return once every order has ended. after: a position of the log from before the first `expect`."""
        position = after
        while self._open:
            page = await store.read_all(after=position, types=_TYPES)
            for recorded in page.events:
                self._record(recorded)
            on_progress(self)
            if page.position == position:
                await asyncio.sleep(_POLL)
            position = page.position

    def _record(self, recorded: RecordedEvent) -> None:
        try:
            order_id = recorded.data.get("orderId")
        except UndecodableEvent:  # its order stays open, and the readers park it
            return
        if order_id not in self._open or recorded.data.get("amountPaid"):  # the payment is yet to be refunded
            return
        self._open.discard(order_id)
        self._ended["shipped" if recorded.type == OrderShipped.event_type else "cancelled"] += 1
