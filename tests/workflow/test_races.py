"""Two hundred cancels against shipments: the first event in the stream wins, and the other side reports the actual
state."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from orders.state import Cancelled, Shipped
from tests.running_system import RunningSystem, running_system
from tests.workflow.books import assert_the_books_hold
from tests.workflow.racing import Beginning, races

RACES = 200
UNITS = 10_000
TOTAL = 15_00


@pytest.fixture
def beginning() -> Beginning:
    return Beginning()


@pytest.fixture
async def racing(database_url: str, temporal_client: Client, beginning: Beginning) -> AsyncIterator[RunningSystem]:
    async with running_system(database_url, temporal_client, interceptors=[beginning]) as running:
        await running.stock(TEA_1=UNITS)
        yield running


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
    racing: RunningSystem, beginning: Beginning
) -> None:
    outcomes = await races(racing, beginning, RACES)
    for order_id, outcome in outcomes:
        await assert_honest(racing, order_id, refused=outcome == "refused")
    met = Counter(outcome for _, outcome in outcomes)
    # The races were races: cancels came at every stage of an order.
    assert min(met[event] for event in ("order.placed", "order.confirmed", "order.paid", "refused")) >= 5, met
    assert await racing.available("TEA-1") == UNITS - met["refused"]
    await assert_the_books_hold(racing)
