"""Placing an order."""

import hashlib
import uuid

from eventstore.command_handler import Handled
from order_streams import BULK, Orders
from orders.commands import PlaceOrder
from orders.ids import stream_name
from orders.model import Order
from orders.names import derived_name
from orders.state import State


async def place(orders: Orders, order: Order, *, actor: str, bulk: bool = False) -> Handled[State]:
    """Place the order; the same order again changes nothing. bulk: it is one of an import, and gives way to other orders.
    Raises the refusals of the domain and the event store."""
    mark = {BULK: True} if bulk else {}
    return await orders.begin(
        stream_name(order.order_id),
        PlaceOrder(order),
        command_id=command_id(order),
        metadata={"actor": actor, "correlationId": str(uuid.uuid4())} | mark,
    )


def command_id(order: Order) -> str:
    """Id derived from the order's content without its time: the same id with different content is another command, which is
    refused."""
    content = order.model_dump_json(by_alias=True, exclude={"placed_at"})
    return derived_name("place", order.order_id, hashlib.sha256(content.encode()).hexdigest())
