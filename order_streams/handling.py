"""Order streams: the domain's rules over the event store."""

from eventstore.codec import Codec
from eventstore.command_handler import CommandHandler
from eventstore.store import EventStore
from order_streams import Orders
from orders.decide import decide
from orders.events import EVENTS, Event
from orders.evolve import evolve, initial_state


def order_codec() -> Codec[Event]:
    """The codec of every event of an order, in every version there ever was."""
    return Codec(EVENTS)


def order_handler(store: EventStore, codec: Codec[Event]) -> Orders:
    """The handler that applies commands to order streams."""
    return CommandHandler(store, codec, decide=decide, evolve=evolve, initial_state=initial_state)
