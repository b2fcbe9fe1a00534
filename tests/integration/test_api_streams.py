"""Server-sent events: live, in order, resumed without a gap, and ended at the limits."""

import asyncio
from contextlib import aclosing

import pytest
from temporalio.client import Client

from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder, ReleaseOrder
from tests.integration.api_harness import (
    Api,
    ServerEvent,
    api,
    api_of,
    cut_connections,
    listening,
    opened,
    problem,
)
from tests.running_system import running_system, until
from web import streams

SHIPPED = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


async def test_an_order_is_followed_from_placed_to_shipped_and_a_reader_that_comes_back_misses_nothing(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system, api_of(system.app, temporal_client) as served:
        await system.stock(TEA_1=10)
        order_id = await served.place()
        received: list[ServerEvent] = []
        while len(received) < len(SHIPPED):  # reconnects after every event
            last = received[-1].id if received else None
            async with listening(served, f"/v1/orders/{order_id}/events", last_event_id=last) as listener:
                received.append(await listener.next())
        assert [each.event for each in received] == SHIPPED
        assert [each.id for each in received] == [1, 2, 3, 4]
        timeline = await served.get(f"/v1/orders/{order_id}/timeline")
        assert [each.data for each in received] == timeline["events"]
        assert received[1].data["cause"] == "#1 order.placed"
        async with listening(served, f"/v1/orders/{order_id}/events", after=3) as listener:
            assert (await listener.next()).event == "order.shipped"


async def test_what_happens_between_the_first_look_and_listening_is_told_too(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        chunks = await served.system.streams.of_order(order_id, 0)
        await served.handle(order_id, HoldOrder(order_id, "x"))
        async with aclosing(chunks), asyncio.timeout(20):
            first_lines = [(await anext(chunks)).decode().splitlines()[0] for _ in range(3)]
        assert first_lines == [": open", "event: order.placed", "event: order.held"]


async def test_given_many_who_follow_then_each_hears_all_live(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()

        async def follow() -> list[ServerEvent]:
            async with listening(served, f"/v1/orders/{order_id}/events") as listener:
                return await listener.events(21)

        following = [asyncio.create_task(follow()) for _ in range(10)]
        for n in range(10):
            await served.handle(order_id, HoldOrder(order_id, f"{n}"), ReleaseOrder(order_id))
        for received in await asyncio.gather(*following):
            assert [each.id for each in received] == list(range(1, 22))


async def test_a_reader_that_is_disconnected_before_the_first_event_resumes_without_a_gap(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("before")
        await served.project()
        async with listening(served, "/v1/events") as listener:
            await opened(listener)
            start = await anext(listener.lines)
        await served.place("missed")
        await served.project()
        async with listening(served, "/v1/events", last_event_id=int(start.removeprefix("id: "))) as listener:
            assert (await listener.next()).data["orderId"] == "missed"


async def test_given_a_change_then_it_is_told_once_the_projection_shows_it(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("before")
        await served.project()
        async with listening(served, "/v1/events") as listener:
            await opened(listener)
            await served.place("a")
            await served.handle("a", CancelOrder("a", "x", CancelledBy.CUSTOMER))
            waiting = asyncio.create_task(listener.next())
            done, _ = await asyncio.wait({waiting}, timeout=1)
            assert not done, "sent before the projection has it"
            await served.project()
            first, second = await waiting, await listener.next()
        assert [(each.event, each.id) for each in (first, second)] == [("order", 2), ("order", 3)]
        assert first.data == {
            "orderId": "a",
            "customerId": "ALFKI",
            "type": "order.placed",
            "status": "cancelled",
            "position": 2,
        }


async def test_given_a_reader_far_behind_when_it_comes_back_while_more_happens_then_nothing_is_missed(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_CATCH_UP", 7)
    async with running_system(database_url, temporal_client) as system, api_of(system.app, temporal_client) as served:
        await system.stock(TEA_1=1000)
        for _ in range(8):
            await served.place()
        received: list[ServerEvent] = []
        placing = asyncio.create_task(_place_more(served, 8))
        while len(received) < 16 * len(SHIPPED):  # reconnects after every tenth event
            after = received[-1].id if received else 0
            async with listening(served, "/v1/events", after=after) as listener:
                received += await listener.events(min(10, 16 * len(SHIPPED) - len(received)))
        await placing
        log = await served.app.store.read_all(limit=1000, category="order")
        assert [each.id for each in received] == [event.position for event in log.events]


async def test_a_cursor_beyond_the_log_is_gone_and_one_at_its_end_is_taken(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        head = await served.app.store.head()
        for path, last in (("/v1/events", head), (f"/v1/orders/{order_id}/events", 1)):
            for cursor in ({"params": {"after": last + 1}}, {"headers": {"Last-Event-ID": str(last + 1)}}):
                refused = problem(await served.http.get(path, **cursor), 410, "cursor-beyond-log")
                assert f"{last + 1} is beyond" in refused["detail"]
            async with listening(served, path, after=last) as listener:
                await opened(listener)


async def _place_more(served: Api, count: int) -> None:
    for _ in range(count):
        await served.place()


async def test_idle_streams_are_kept_alive_and_leave_nothing_behind(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_SECONDS", 0.1)
    async with api(database_url, temporal_client) as served:
        async with listening(served, "/v1/events") as listener:
            pings = 0
            async for line in listener.lines:
                pings += line == ": ping"
                if pings == 3:
                    break
        await until(lambda: _is(served.open_streams == 0), "the stream is closed")


@pytest.mark.parametrize(
    ("path", "headers", "kind", "status"),
    [
        ("/v1/orders/none/events", {}, "order-not-found", 404),
        ("/v1/events?after=-1", {}, "invalid-request", 422),
        ("/v1/events?after=9223372036854775808", {}, "invalid-request", 422),
        ("/v1/events", {"Last-Event-ID": "x"}, "invalid-request", 422),
        ("/v1/events", {"Last-Event-ID": "9" * 5000}, "invalid-request", 422),
        ("/v1/events", {"Last-Event-ID": "0" * 20 + "9" * 5000}, "invalid-request", 422),
    ],
)
async def test_a_stream_that_cannot_be_is_refused_before_it_begins(
    path: str, headers: dict[str, str], kind: str, status: int, database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        problem(await served.http.get(path, headers=headers), status, kind)
        assert (await served.http.head("/v1/events")).status_code == 200


async def _succeeds(served: Api, order_id: str) -> bool:
    return (await served.post(f"/v1/orders/{order_id}/hold", {"reason": "x"})).status_code == 202


async def test_given_the_database_away_for_a_while_then_a_stream_goes_on_where_it_was(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        async with listening(served, f"/v1/orders/{order_id}/events") as listener:
            await listener.next()
            await cut_connections(database_url)
            await until(lambda: _succeeds(served, order_id), "the order is held")
            assert (await listener.next()).event == "order.held"


async def test_given_the_database_away_while_a_stream_begins_then_it_goes_on_once_the_database_is_back(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        order_id = await served.place()
        log = served.system.streams._log
        head = log._until

        async def once_away() -> int:
            log._until = head
            raise ConnectionResetError

        log._until = once_away
        async with listening(served, f"/v1/orders/{order_id}/events") as listener:
            await listener.next()
            assert await _succeeds(served, order_id)
            assert (await listener.next()).event == "order.held"


async def _is(condition: bool) -> bool:
    return condition
