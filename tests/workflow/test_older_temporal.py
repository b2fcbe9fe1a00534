"""A run restored from a copy of Temporal that is older than the order's stream: it ends as the stream requires.

A reset to an early event without later signals is such a run.
"""

import pytest

from orders.commands import CancelOrder, RecordRefund
from orders.events import CancelledBy
from orders.names import charge_key
from tests.running_system import RunningSystem
from tests.workflow.books import assert_the_books_hold
from tests.workflow.resetting import WITHOUT_SIGNALS, points, reset
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back
from tests.workflow.test_reset import ended

TASKS = 2
"""That are recorded of a run which has come to record-shipment: the one before the charge, and the one after it."""


@pytest.mark.parametrize("task", range(TASKS))
@pytest.mark.parametrize("refunded", [False, True], ids=["money kept", "money returned"])
async def test_a_run_in_the_past_of_a_cancelled_order_undoes_what_it_does_not_remember(
    system: RunningSystem, steering: Steering, task: int, refunded: bool
) -> None:
    held = steering.hold_before("record-shipment")
    order_id = await system.place()
    await held.reached.wait()  # charged, reserved, and with a label
    handle = system.workflow("fulfill-order", order_id)
    run_id, tasks = (await handle.describe()).run_id, points(await handle.fetch_history())
    await system.handle(order_id, CancelOrder(order_id, "by a run that was lost", CancelledBy.FULFILLMENT))
    if refunded:
        voided = await system.app.payments.void(charge_key(order_id), "by a run that was lost")
        assert voided.refund_id
        assert voided.payment_id
        await system.handle(
            order_id, RecordRefund(order_id, voided.refund_id, voided.payment_id, voided.amount_returned, "lost")
        )
    again = await reset(system.client, handle.id, run_id, tasks[task], without=WITHOUT_SIGNALS)
    held.release.set()
    await ended(system, handle.id, again, tasks[task])
    await assert_everything_is_back(system, order_id, "fulfillment")
    await assert_the_books_hold(system)


async def test_a_run_in_the_past_of_a_shipped_order_changes_nothing(system: RunningSystem, steering: Steering) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    handle = system.workflow("fulfill-order", order_id)
    run_id, first = (await handle.describe()).run_id, points(await handle.fetch_history())[0]
    again = await reset(system.client, handle.id, run_id, first, without=WITHOUT_SIGNALS)
    await ended(system, handle.id, again, first)
    assert await system.money(order_id) == (30_00, 0)
    assert await system.live_labels(order_id) == 1
    await assert_the_books_hold(system)


async def test_a_run_that_is_begun_anew_for_a_cancelled_and_refunded_order_changes_nothing(
    system: RunningSystem, steering: Steering
) -> None:
    steering.refuse("create-shipment")
    order_id = await system.place()
    await assert_everything_is_back(system, order_id, "fulfillment")
    events = await system.events(order_id)
    await system.start("fulfill-order", order_id)
    await assert_everything_is_back(system, order_id, "fulfillment")
    assert await system.events(order_id) == events
    await assert_the_books_hold(system)
