"""Payments and refunds that the provider decides late or refuses: the order ends, nothing false is shown, no money is lost."""

import pytest

from open_work.attention_list import find_stuck
from orders.errors import RefundNotOpen
from orders.payment_events import RefundOutcome
from orders.state import Cancelled, Shipped
from tests.replay import pending_paths
from tests.replay.paths import Drive
from tests.running_system import RunningSystem, until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering

TOTAL = 30_00


@pytest.mark.parametrize(
    ("drive", "money"),
    [
        (pending_paths.charge_pending, (TOTAL, 0)),
        (pending_paths.charge_pending_then_declined, (0, 0)),
        (pending_paths.cancelled_while_pending, (TOTAL, TOTAL)),
        (pending_paths.undone_by_a_pending_refund, (TOTAL, TOTAL)),
        (pending_paths.settled_elsewhere, (TOTAL, 0)),
        (pending_paths.refund_pending, (TOTAL, 10_00)),
        (pending_paths.refund_pending_then_failed, (TOTAL, 0)),
        (pending_paths.refund_refused, (TOTAL, 0)),
        (pending_paths.refund_withdrawn, (TOTAL, 0)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_given_a_late_decision_of_the_provider_then_the_order_ends_with_its_books_in_order_and_nobody_is_needed(
    skipping: RunningSystem, steering: Steering, drive: Drive, money: tuple[int, int]
) -> None:
    order_id, _, refund_id = (await drive(skipping, steering)).partition("/")
    assert await skipping.money(order_id) == money
    state = await skipping.state(order_id)
    assert isinstance(state, Shipped | Cancelled)
    if refund_id and isinstance(state, Shipped):
        assert state.owed == ()
        assert state.refundable == TOTAL - money[1]
    await assert_the_books_hold(skipping)
    app = skipping.app
    stuck = await find_stuck(app.sources(skipping.client), app.settings, 10)
    assert stuck.rows == []


async def test_given_a_payment_in_processing_then_the_order_waits_without_an_alarm(
    system: RunningSystem, steering: Steering
) -> None:
    await system.faults.set("payment.charge", "pending", remaining=1)
    order_id = await system.place()

    async def waits() -> bool:
        known = await system.events(order_id)
        return "order.payment_pending" in known and "processing the payment" in await system.current_details(order_id)

    await until(waits, f"{order_id} waits for the provider")
    assert await system.events(order_id) == ["order.placed", "order.confirmed", "order.payment_pending"]
    assert not await system.is_marked(order_id)
    assert (await find_stuck(system.app.sources(system.client), system.app.settings, 10)).rows == []
    await system.faults.decide("payment.charge", f"{order_id}:charge-payment", succeeds=True)
    await system.workflow("fulfill-order", order_id).signal("retry")
    await system.settled(order_id, "shipped")


async def test_given_a_refund_that_was_made_then_a_person_cannot_close_it_and_the_refusal_says_why(
    skipping: RunningSystem, steering: Steering
) -> None:
    order_id, _, refund_id = (await pending_paths.refund_pending(skipping, steering)).partition("/")
    with pytest.raises(RefundNotOpen, match="it was made"):
        await pending_paths.close(skipping, order_id, refund_id, RefundOutcome.WITHDRAWN)
