"""Work that is missing in an order's stream although a run of its workflow ended.

A fail-over or a restore loses the end of the log, while Temporal keeps its runs.
"""

from datetime import datetime
from typing import Final

from dispatcher.triggers import Trigger
from eventstore.model import RecordedEvent
from eventstore.store import EventStore
from order_streams import Orders
from order_streams.messages import message_id
from orders.events import Event, RefundRequested
from orders.ids import stream_name
from orders.state import Cancelled, Confirmed, Paid, Placed, Shipped, State
from orders.topics import TOPICS
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, VALIDATE_ORDER

_WORKFLOW_OF: Final = {Placed: VALIDATE_ORDER, Confirmed: FULFILL_ORDER, Paid: FULFILL_ORDER}


class LeftOver:
    """Compares the stream with a run that has ended. Used only where a start finds such a run, never at a normal start."""

    def __init__(self, orders: Orders, store: EventStore) -> None:
        self._orders, self._store = orders, store

    async def is_due(self, trigger: Trigger, event: Event, recorded: RecordedEvent, ended_at: datetime) -> bool:
        """True where the work of this trigger is missing although a run of its workflow ended at that time."""
        if trigger.workflow == NOTIFY_SHIPMENT:
            messages = {message_id(event.order_id, topic, recorded.version) for topic in TOPICS}
            return await self._store.known(messages) != messages
        state = (await self._orders.load(stream_name(event.order_id))).state
        return _is_due(trigger, event, state, before=ended_at < recorded.recorded_at)


def _is_due(trigger: Trigger, event: Event, state: State, *, before: bool) -> bool:
    """before: the run ended before the event was recorded, and so without it."""
    match state:
        case Placed() | Confirmed() | Paid():
            return trigger.workflow == _WORKFLOW_OF[type(state)] and state.hold is None
        case Shipped():
            return isinstance(event, RefundRequested) and event.refund_id in {each.refund_id for each in state.owed}
        case Cancelled():
            return trigger.workflow == FULFILL_ORDER and (
                (state.payment_state == "paid" and not state.is_settled) or before
            )
        case _:
            return False
