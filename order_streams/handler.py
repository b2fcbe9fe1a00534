"""Codec and command handler of order streams: joins `decide` and `evolve` with the event store."""

from eventstore.codec import Codec
from eventstore.command_handler import CommandHandler, Loaded
from eventstore.store import EventStore
from orders.commands import Command
from orders.decide import decide
from orders.errors import OrderNotFound
from orders.events import EVENTS, Event
from orders.evolve import evolve, initial_state
from orders.ids import stream_name
from orders.state import ExistingOrder, NotPlaced, State

Orders = CommandHandler[Command, Event, State]


def order_codec() -> Codec[Event]:
    """Build the codec of order events, in all their versions."""
    return Codec(EVENTS)


def order_handler(store: EventStore, codec: Codec[Event]) -> Orders:
    """Build the handler that applies commands to order streams."""
    return CommandHandler(store, codec, decide=decide, evolve=evolve, initial_state=initial_state)


async def load_order(orders: Orders, order_id: str) -> Loaded[ExistingOrder]:
    """Load the order's state. Raises OrderNotFound."""
    loaded = await orders.load(stream_name(order_id))
    if isinstance(loaded.state, NotPlaced):
        raise OrderNotFound(order_id)
    return Loaded(loaded.state, loaded.version, loaded.position, loaded.ids)
