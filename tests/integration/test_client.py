"""The Python client against a real API: lost answers, waits, pages, streams, refusals."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import cast

import httpx
import pytest
from temporalio.client import Client

from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder
from orders_client import (
    Conflict,
    CursorBeyondLog,
    Forbidden,
    InvalidRequest,
    NotFound,
    Order,
    OrderChangedMeanwhile,
    Orders,
    ProblemError,
    Unauthorized,
    WaitTimeout,
    client,
)
from orders_client.requests import NewOrder
from tests.integration.api_harness import KEYS, OPERATOR, READER, Api, api
from tests.running_system import order_data, until


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as opened:
        yield opened


class Losing(httpx.HTTPTransport):
    """Loses the first answer to each POST, and each stream of events after one block; counts the answers by status."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = set[str | None]()
        self.statuses = Counter[int]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        self.statuses[answer.status_code] += 1
        key = request.headers.get("Idempotency-Key")
        if request.method == "POST" and key not in self.lost:
            answer.close()
            self.lost.add(key)
            raise httpx.ReadError("the answer is lost")
        if request.headers.get("Accept") == "text/event-stream":
            answer.stream = FirstBlock(cast(httpx.SyncByteStream, answer.stream))
        return answer


class FirstBlock(httpx.SyncByteStream):
    """A stream up to its first event, then a broken connection."""

    def __init__(self, whole: httpx.SyncByteStream) -> None:
        self.whole = whole

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.whole:
            yield chunk
            if b"data: " in chunk:
                raise httpx.ReadError("the connection is lost")

    def close(self) -> None:
        self.whole.close()


def new_order(order_id: str) -> NewOrder:
    return cast(NewOrder, order_data(order_id))


async def test_an_act_whose_answer_is_lost_has_one_effect(served: Api) -> None:
    def script() -> list[bool]:
        with Orders(served.url, OPERATOR, transport=Losing()) as orders:
            order = orders.place(new_order("a"))
            assert order.placed is not None
            return [order.placed["changed"], order.hold("x")["changed"], order.release()["changed"]]

    assert await asyncio.to_thread(script) == [True, True, True]
    assert [event["type"] for event in (await served.get("/v1/orders/a/timeline"))["events"]] == [
        *("order.placed", "order.held", "order.released")
    ]


async def test_a_refund_whose_answer_is_lost_is_requested_once(served: Api) -> None:
    await served.place("a")
    await served.ship("a")

    def script() -> int:
        with Orders(served.url, OPERATOR, transport=Losing()) as orders:
            return orders.order("a").refund(100, "x")["refundable"]

    assert await asyncio.to_thread(script) == 2900
    assert len((await served.get("/v1/orders/a"))["refunds"]) == 1


async def test_wait_returns_a_shipped_order_and_reads_an_unchanged_one_without_its_document(served: Api) -> None:
    await served.place("a")
    counting = Losing()
    with Orders(served.url, READER, transport=counting) as orders:
        waiting = asyncio.create_task(asyncio.to_thread(orders.order("a").wait, 30))

        async def asked_again() -> bool:
            return counting.statuses[304] > 0

        await until(asked_again, "the order is asked for again")
        await served.ship("a")
        order = await waiting
    assert (order["status"], counting.statuses[200]) == ("shipped", 2)


async def test_wait_returns_an_order_that_waits_for_a_person_or_is_cancelled(served: Api) -> None:
    for order_id in ("held", "cancelled"):
        await served.place(order_id)
    await served.handle("held", HoldOrder("held", "fraud suspected"))
    await served.handle("cancelled", CancelOrder("cancelled", "x", CancelledBy.CUSTOMER))
    with Orders(served.url, READER) as orders:
        held = await asyncio.to_thread(orders.order("held").wait)
        cancelled = await asyncio.to_thread(orders.order("cancelled").wait)
    assert held["hold"] == {"reason": "fraud suspected"}
    assert cancelled["status"] == "cancelled"


async def test_an_order_is_annotated(served: Api) -> None:
    await served.place("a")

    def annotate(orders: Orders) -> tuple[list[str], list[str], int]:
        order = orders.order("a")
        order.note("Gift wrap")
        return order.tag("gift")["tags"], order.untag("gift")["tags"], order.get()["version"]

    with Orders(served.url, OPERATOR) as orders:
        assert await asyncio.to_thread(annotate, orders) == (["gift"], [], 4)


async def test_wait_raises_after_the_time_out_with_the_order(served: Api) -> None:
    await served.place("a")
    with Orders(served.url, READER) as orders, pytest.raises(WaitTimeout, match="a is still placed") as raised:
        await asyncio.to_thread(orders.order("a").wait, 0.3)
    assert (raised.value.order["status"], isinstance(raised.value, TimeoutError)) == ("placed", True)


async def test_a_list_is_read_to_its_end_by_its_filter(served: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_PAGE", 2)
    for number in range(5):
        await served.place(f"o-{number}", customerId="ada" if number else "bob")
    await served.project()
    with Orders(served.url, READER) as orders:
        found = await asyncio.to_thread(lambda: [row["orderId"] for row in orders.list(customerId="ada")])
        levels = await asyncio.to_thread(lambda: list(orders.pages("/v1/inventory", "levels")))
    assert (found, levels) == (["o-4", "o-3", "o-2", "o-1"], [])


async def test_events_are_read_once_over_lost_connections(served: Api) -> None:
    with Orders(served.url, READER, transport=Losing()) as orders:
        changes = await asyncio.to_thread(orders.events)
        for number in range(3):
            await served.place(f"o-{number}")
            await served.project()
        await served.handle("o-0", HoldOrder("o-0", "x"))
        await served.handle("o-0", CancelOrder("o-0", "x", CancelledBy.CUSTOMER))
        ids = await asyncio.to_thread(lambda: [each["orderId"] for each in islice(changes, 3)])
        events = await asyncio.to_thread(lambda: list(islice(orders.order("o-0").events(), 3)))
    assert ids == ["o-0", "o-1", "o-2"]
    assert [each["type"] for each in events] == ["order.placed", "order.held", "order.cancelled"]


def unknown_order(orders: Orders) -> None:
    orders.order("none").get()


def hold(orders: Orders) -> None:
    orders.order("a").hold("x")


def other_content(orders: Orders) -> None:
    orders.place(cast(NewOrder, order_data("a", quantity=3)))


def no_customer(orders: Orders) -> None:
    orders.place(cast(NewOrder, order_data("b", customerId="")))


def old_version(orders: Orders) -> None:
    orders.order("a").hold("x", expected_version=7)


def beyond_the_log(orders: Orders) -> None:
    orders.events(after=10**9)


@pytest.mark.parametrize(
    ("call", "key", "error", "kind"),
    [
        (hold, "no-such-key-0000001", Unauthorized, "unauthorized"),
        (hold, READER, Forbidden, "forbidden"),
        (unknown_order, READER, NotFound, "order-not-found"),
        (other_content, OPERATOR, Conflict, "order-already-exists"),
        (no_customer, OPERATOR, InvalidRequest, "invalid-request"),
        (old_version, OPERATOR, OrderChangedMeanwhile, "order-changed"),
        (beyond_the_log, READER, CursorBeyondLog, "cursor-beyond-log"),
    ],
)
async def test_a_refusal_is_an_exception_of_its_own_with_the_problem(
    served: Api, call: Callable[[Orders], None], key: str, error: type[ProblemError], kind: str
) -> None:
    await served.place("a")
    with Orders(served.url, key) as orders, pytest.raises(error) as raised:
        await asyncio.to_thread(call, orders)
    assert (raised.value.kind, raised.value.problem["status"]) == (kind, raised.value.status)
    assert raised.value.request_id
    if error is InvalidRequest:
        assert "/customerId must" in str(raised.value)


async def test_any_other_operation_can_be_called(served: Api) -> None:
    with Orders(served.url, OPERATOR) as orders:
        body = {"sku": "TEA-1", "available": 40, "reason": "counted"}
        level = await asyncio.to_thread(lambda: orders.call("POST", "/v1/inventory/levels", body))
        assert isinstance(orders.order("a"), Order)
    assert level["after"] == 40
