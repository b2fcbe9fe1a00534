"""The path of one order through the whole system."""

from temporalio.client import Client

from tests.running_system import running_system


async def test_a_placed_order_is_shipped_and_others_are_told(database_url: str, temporal_client: Client) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=5)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        assert await system.events(order_id) == ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
        assert await system.money(order_id) == (3000, 0)
        assert await system.available("TEA-1") == 3
        assert await system.steps(order_id) == [
            "read-order",
            "charge-payment",
            "record-payment",
            "reserve-inventory",
            "create-shipment",
            "record-shipment",
        ]
