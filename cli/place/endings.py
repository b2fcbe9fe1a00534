"""Waits until orders have ended: shipped, or cancelled with nothing left to refund."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from cli.place.waits import wait_of
from eventstore.errors import EventStoreError, UndecodableEvent
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from order_streams import Orders, load_order
from orders.errors import OrderError
from orders.events import OrderCancelled, OrderHeld, OrderRefunded, OrderReleased, OrderRetried, OrderShipped
from orders.payment_events import PaymentFailed, PaymentMethodGiven, PaymentPending, RefundClosed
from orders.state import State, has_ended

_ENDS: Final = (OrderShipped.event_type, OrderCancelled.event_type, OrderRefunded.event_type)
# After one of these the order's state is read: it may wait for another reason, or have been settled by a person.
_TURNS: Final = tuple(
    each.event_type
    for each in (
        OrderHeld,
        OrderReleased,
        OrderRetried,
        PaymentFailed,
        PaymentMethodGiven,
        PaymentPending,
        RefundClosed,
    )
)
_POLL: Final = 0.1  # seconds
_SILENCE: Final = 15.0  # seconds
_NAMED: Final = 5


class Endings:
    """Open orders, followed in the log: each event is read once for all of them.

    message: prints which orders wait, and why. silence: seconds without an ending after which open orders are named.
    """

    def __init__(self, message: Callable[[str], None], silence: float = _SILENCE) -> None:
        self._message, self._silence = message, silence
        self._open: dict[str, str | None] = {}
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
            self._open[order_id] = wait_of(state)

    async def wait(self, orders: Orders, store: EventStore, after: int, on_progress: Callable[[], None]) -> None:
        """Return once every order has ended. after: a position of the log from before the first `expect`."""
        position, named = after, time.monotonic()
        for order_id, why in self._open.items():
            self._show(order_id, why)
        while self._open:
            page = await store.read_all(after=position, types=(*_ENDS, *_TURNS))
            before = self.open
            await self._look_at(orders, filter(None, map(self._record, page.events)))
            on_progress()
            if self.open < before:
                named = time.monotonic()
            elif time.monotonic() - named > self._silence:
                named = time.monotonic()
                self._name_open()
            if page.position == position:
                await asyncio.sleep(_POLL)
            position = page.position

    def _record(self, recorded: RecordedEvent) -> str | None:
        """Record an ending; return the id of an open order whose state is to be read."""
        try:
            order_id = recorded.data.get("orderId")
        except UndecodableEvent:  # its order stays open, and the readers park it
            return None
        if order_id not in self._open:
            return None
        if recorded.type in _TURNS:
            return str(order_id)
        if not recorded.data.get("amountPaid"):  # else the payment is yet to be refunded
            self._end(order_id, "shipped" if recorded.type == OrderShipped.event_type else "cancelled")
        return None

    def _end(self, order_id: str, status: str) -> None:
        del self._open[order_id]
        self._ended[status] += 1

    async def _look_at(self, orders: Orders, ids: Iterable[str]) -> None:
        """Show each order that waits now for another reason than before, by its present state."""
        for order_id in dict.fromkeys(ids):
            try:
                state = (await load_order(orders, order_id)).state
            except (OrderError, EventStoreError):  # `orders audit` reports such a stream
                continue
            if order_id not in self._open:
                continue
            if has_ended(state):
                self._end(order_id, state.status)
            elif (why := wait_of(state)) != self._open[order_id]:
                self._open[order_id] = why
                self._show(order_id, why)

    def _show(self, order_id: str, why: str | None) -> None:
        if why:
            self._message(f"order {order_id} {why}")

    def _name_open(self) -> None:
        first = list(self._open)[:_NAMED]
        more = f" and {self.open - len(first):,} more" if self.open > len(first) else ""
        why = "`orders attention` lists failing steps, `orders show ID` shows one order"
        self._message(f"waiting for {', '.join(first)}{more}: {why}")
