"""Two hundred cancels against shipments: whichever enters the stream first wins, and the other side does the honest thing."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.signatures import RECORD_SHIPMENT
from orders.errors import OrderNotCancellable
from orders.state import Cancelled, Shipped
from tests.running_system import RunningSystem, new_id, running_system
from tests.workflow.books import assert_the_books_hold

RACES = 200
AT_ONCE = 40
SEED = 20260102
UNITS = 10_000
TOTAL = 15_00


class AboutToShip(Interceptor):
    """of: by order, set when the recording of its shipment begins."""

    def __init__(self) -> None:
        self.of: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Telling(next, self)


class _Telling(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, shipping: AboutToShip) -> None:
        super().__init__(next)
        self._shipping = shipping

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if activity.info().activity_type == RECORD_SHIPMENT.name:
            self._shipping.of[input.args[0].order.order_id].set()
        return await super().execute_activity(input)


@pytest.fixture
def shipping() -> AboutToShip:
    return AboutToShip()


@pytest.fixture
async def racing(database_url: str, temporal_client: Client, shipping: AboutToShip) -> AsyncIterator[RunningSystem]:
    async with running_system(database_url, temporal_client, interceptors=[shipping]) as running:
        await running.stock(TEA_1=UNITS)
        yield running


async def after_some_events(system: RunningSystem, order_id: str, count: int) -> None:
    while len(await system.events(order_id)) < count:  # noqa: ASYNC110 – the stream sets no event here
        await asyncio.sleep(0.03)


async def race(system: RunningSystem, shipping: AboutToShip, order_id: str, chance: random.Random) -> str:
    """Place the order and cancel it: a while after one of its first events, or in the very milliseconds in which its
    shipment is recorded. The last event before the cancel, or "refused"."""
    await system.place(order_id, quantity=1)
    if chance.random() < 0.5:
        await shipping.of[order_id].wait()
        await asyncio.sleep(chance.uniform(0, 0.01))
    else:
        await after_some_events(system, order_id, chance.randint(1, 3))
        await asyncio.sleep(chance.uniform(0, 0.25))
    try:
        await system.cancel(order_id)
    except OrderNotCancellable:
        return "refused"
    events = await system.events(order_id)
    return events[events.index("order.cancelled") - 1]


async def assert_honest(system: RunningSystem, order_id: str, refused: bool) -> None:
    state = await system.settled(order_id, "shipped" if refused else "cancelled")
    charged, refunded = await system.money(order_id)
    labels = await system.live_labels(order_id)
    if refused:
        assert isinstance(state, Shipped)
        assert (charged, refunded, labels) == (TOTAL, 0, 1)
    else:
        assert isinstance(state, Cancelled)
        assert charged == refunded
        assert (state.payment_state, labels) == ("refunded" if charged else "none", 0)


async def test_two_hundred_cancels_against_shipments_leave_nothing_shipped_and_refunded_or_cancelled_and_kept(
    racing: RunningSystem, shipping: AboutToShip
) -> None:
    lanes = asyncio.Semaphore(AT_ONCE)

    async def next_race(index: int) -> tuple[str, str]:
        order_id = f"race-{index}-{new_id()}"
        async with lanes:
            return order_id, await race(racing, shipping, order_id, random.Random(f"{SEED}-{index}"))

    outcomes = await asyncio.gather(*map(next_race, range(RACES)))
    for order_id, outcome in outcomes:
        await assert_honest(racing, order_id, refused=outcome == "refused")
    met = Counter(outcome for _, outcome in outcomes)
    # The races were races: cancels came at every point of a life.
    assert min(met[event] for event in ("order.placed", "order.confirmed", "order.paid", "refused")) >= 5, met
    assert await racing.available("TEA-1") == UNITS - met["refused"]
    await assert_the_books_hold(racing)
