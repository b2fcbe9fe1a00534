"""A bulk order from placing to shipment."""

from application.placing import place
from order_streams import is_bulk
from orders.ids import stream_name
from orders.model import parse_order
from tests.running_system import PLACED_AT, RunningSystem, new_id, order_data, until

_PLACES_TAKEN = "select count(*) from dispatcher.bulk"


async def test_a_bulk_order_ships_each_of_its_events_carries_the_mark_and_its_place_is_free_again(
    system: RunningSystem,
) -> None:
    order = parse_order(order_data(new_id()), now=PLACED_AT)
    await place(system.app.orders, order, actor="test", bulk=True)
    await system.settled(order.order_id, "shipped")
    events = [event async for event in system.app.store.stream(stream_name(order.order_id))]
    assert {event.type: is_bulk(event) for event in events} == {
        "order.placed": True,
        "order.confirmed": True,
        "order.paid": True,
        "order.shipped": True,
    }

    async def free() -> bool:
        return int(await system.app.pool.fetchval(_PLACES_TAKEN)) == 0

    await until(free, "the place of the shipped order is free")
