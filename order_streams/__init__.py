"""Order streams, as their users see them; `handling` connects them to the domain's rules and the event store."""

from contextlib import aclosing
from typing import Any, Final

from eventstore.command_handler import CommandHandler, Loaded
from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from orders.commands import Command
from orders.errors import OrderNotFound
from orders.events import Event
from orders.ids import stream_name
from orders.state import ExistingOrder, NotPlaced, State

Orders = CommandHandler[Command, Event, State]

BULK: Final = "bulk"
"""Key of an event's metadata: true where the order is one of an import or of a bulk action, which give way to other orders."""


async def load_order(orders: Orders, order_id: str) -> Loaded[ExistingOrder]:
    """The order's state. Raises OrderNotFound."""
    loaded = await orders.load(stream_name(order_id))
    if isinstance(loaded.state, NotPlaced):
        raise OrderNotFound(order_id)
    return Loaded(loaded.state, loaded.version, loaded.position, loaded.ids)


async def load_events(orders: Orders, order_id: str) -> list[tuple[RecordedEvent, Event]]:
    """The order's events, as recorded and typed. Raises OrderNotFound, and what the codec raises."""
    events = [pair async for pair in orders.events(stream_name(order_id))]
    if not events:
        raise OrderNotFound(order_id)
    return events


async def metadata_of(orders: Orders, order_id: str, *, actor: str, bulk: bool = False) -> dict[str, Any]:
    """Metadata of a further event of an order: the actor, the correlation id that the order began with, and the mark of a
    bulk action."""
    mark = {BULK: True} if bulk else {}
    async with aclosing(orders.events(stream_name(order_id))) as events:
        async for first, _ in events:
            return {"actor": actor, "correlationId": first.metadata.get("correlationId", str(first.id)), **mark}
    return {"actor": actor, **mark}


def is_bulk(recorded: RecordedEvent) -> bool:
    """True where the event is marked as one of a bulk order."""
    try:
        return recorded.metadata.get(BULK) is True
    except UndecodableEvent:
        return False
