"""Server-sent events at their limits: a server that stops, and clients that read slowly or not at all."""

import asyncio
import time
from uuid import uuid4

import pytest
from temporalio.client import Client

from orders.events import OrderHeld, OrderReleased
from orders.interventions import HoldOrder
from tests.integration.api_harness import Api, api, listening, opened
from tests.running_system import until
from web import connection, tail

SHIPPED = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def test_given_the_server_stops_then_every_stream_ends_in_good_order(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        async with (
            listening(served, f"/v1/orders/{order_id}/events") as one,
            listening(served, "/v1/events") as other,
        ):
            await one.next()
            await opened(other)
            started = time.monotonic()
            stopping = asyncio.create_task(served.stop())
            assert await one.rest() == []
            assert await other.rest() == []
            await stopping
            assert time.monotonic() - started < 2


async def test_given_a_client_that_takes_nothing_then_it_is_let_go_and_others_are_served(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.5)
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        await append_many(served, order_id, 10_000)  # more than the socket buffers hold
        reader, writer = await asyncio.open_connection(*served.address, limit=1024)
        try:
            writer.write(f"GET /v1/orders/{order_id}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await reader.readuntil(b"order.placed")
            async with listening(served, f"/v1/orders/{order_id}/events", after=9_999) as listener:
                assert [each.id for each in await listener.events(2)] == [10_000, 10_001]
                await until(lambda: _is(served.open_streams == 1), "the one that takes nothing is let go")
                await served.handle(order_id, HoldOrder(order_id, "x"))
                assert (await listener.next()).id == 10_002
        finally:
            writer.transport.abort()


async def append_many(served: Api, order_id: str, count: int) -> None:
    """Append many holds and releases in one transaction."""
    held = OrderHeld(order_id=order_id, customer_id="ALFKI", reason="x" * 500, currency="EUR")
    released = OrderReleased(order_id=order_id, customer_id="ALFKI", status="placed", currency="EUR")
    events = [released if n % 2 else held for n in range(count)]
    new = [served.app.codec.encode(event, id=uuid4(), metadata={}) for event in events]
    await served.app.store.append(f"order-{order_id}", new, expected=1)


async def test_given_a_listener_that_is_too_slow_then_it_keeps_no_more_than_its_bound_and_ends(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "MAX_WAITING", 5)
    async with api(database_url, temporal_client) as served:
        store = served.app.store
        following = tail.Tail(store, store.head, poll=0.02, stopped=lambda: False)
        running = asyncio.create_task(following.run())
        await following.position()
        with following.listen() as slow, following.listen() as quick:
            received: list[int] = []
            batches = quick.batches(idle=5)
            for n in range(12):
                await served.place(f"o-{n}")
                received += [event.position for event in await anext(batches)]
            assert received == list(range(1, 13))
            assert [[event.position for event in batch] async for batch in slow.batches(idle=5)] == [[1, 2, 3, 4, 5]]
            await batches.aclose()
        running.cancel()


async def _is(value: bool) -> bool:
    return value
