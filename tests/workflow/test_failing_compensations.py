"""Compensations that fail, for hours or for some rounds in every combination: no run ends before every step is undone."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from tests.running_system import RunningSystem, running_system, until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.failing_rounds import FailingRounds
from workflows.model import NEEDS_ATTENTION

UNDOING = ["void-shipment", "release-inventory", "refund-payment"]
MOST_ROUNDS = 2
COMBINATIONS = list(product(range(MOST_ROUNDS + 1), repeat=len(UNDOING)))
ROUNDS_OF_AN_HOUR = 10  # with nine pauses between them, of 10, 20, 40 … s
UP_TO_CANCELLED = ["order.placed", "order.confirmed", "order.paid", "order.cancelled"]
STOCK = 1000


@pytest.fixture
def rounds() -> FailingRounds:
    return FailingRounds()


@pytest.fixture
async def skipping(database_url: str, temporal_client: Client, rounds: FailingRounds) -> AsyncIterator[RunningSystem]:
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, interceptors=[rounds]) as running:
        await running.stock(TEA_1=STOCK)
        yield running


async def test_no_combination_of_failing_compensations_ends_a_run_with_something_not_undone(
    skipping: RunningSystem, rounds: FailingRounds
) -> None:
    orders = {"-".join(map(str, combination)): combination for combination in COMBINATIONS}
    for order_id, combination in orders.items():
        rounds.left[order_id, "record-shipment"] = 1  # after the label: every step has to be undone
        rounds.left.update({(order_id, step): left for step, left in zip(UNDOING, combination, strict=True)})
        await skipping.place(order_id)
    for order_id in orders:
        state = await skipping.settled(order_id, "cancelled")
        assert (await skipping.workflow("fulfill-order", order_id).result())["status"] == "cancelled"
        assert state.payment_state == "refunded"
        assert await skipping.money(order_id) == (30_00, 30_00)
        assert await skipping.live_labels(order_id) == 0
        assert rounds.done[order_id][-4:] == in_order(orders[order_id])
    assert sum(rounds.left.values()) == 0  # every planned failure has happened
    assert await skipping.available("TEA-1") == STOCK
    await assert_the_books_hold(skipping)


def in_order(failing_rounds: tuple[int, ...]) -> list[str]:
    """Compensations in reverse order; one that fails is retried after the others."""
    done = []
    for turn in range(MOST_ROUNDS + 1):
        done += [step for step, failing in zip(UNDOING, failing_rounds, strict=True) if failing == turn]
    refunded = done.index("refund-payment") + 1
    return [*done[:refunded], "record-refund", *done[refunded:]]


async def test_each_compensation_that_fails_for_an_hour_is_seen_and_then_finishes_by_itself(
    skipping: RunningSystem, rounds: FailingRounds
) -> None:
    await asyncio.gather(*(an_hour_later(skipping, rounds, step) for step in UNDOING))
    assert await skipping.available("TEA-1") == STOCK
    await assert_the_books_hold(skipping)


async def an_hour_later(system: RunningSystem, rounds: FailingRounds, compensation: str) -> None:
    order_id = f"stuck-in-{compensation}"
    rounds.left[order_id, "record-shipment"] = 1
    rounds.left[order_id, compensation] = 1_000_000
    await system.place(order_id)
    await system.needs_attention(order_id)
    handle = system.workflow("fulfill-order", order_id)

    async def tried_for_an_hour() -> bool:
        attention = await handle.query("attention")
        return bool(attention["rounds"] >= ROUNDS_OF_AN_HOUR)

    await until(tried_for_an_hour, f"{compensation} has failed for more than an hour of virtual time")
    attention = await handle.query("attention")
    assert (attention["step"], attention["error"]) == (compensation, "refused for a round")
    assert compensation not in rounds.done[order_id]
    others = [step for step in UNDOING if step != compensation]
    assert [step for step in rounds.done[order_id] if step in UNDOING] == others  # no compensation waits for it
    rounds.left[order_id, compensation] = 0
    await system.settled(order_id, "cancelled")
    assert [step for step in rounds.done[order_id] if step in UNDOING] == [*others, compensation]
    assert await system.events(order_id) == [*UP_TO_CANCELLED, "order.refunded"]
    assert await handle.query("attention") is None
    description = await handle.describe()
    assert description.typed_search_attributes.get(NEEDS_ATTENTION) is False
