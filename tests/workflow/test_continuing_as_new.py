"""Failing for months never reaches Temporal's limit: between rounds a run continues as new, and keeps its state."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import CancelledError
from temporalio.testing import TimeSkipper

from activities.signatures import Undone
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund
from tests.running_system import RunningSystem, running_system, until
from tests.webhook_receiver import receiving
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back
from webhooks.deliveries import State
from workflows.model import CUSTOMER_ID, NEEDS_ATTENTION, ORDER_ID, ORDER_STATUS
from workflows.options import GATEWAY_RETRY

LONG_ENOUGH = 200  # events: more than any run here has; the server suggests to continue at 30
HOUR = 3600


@pytest.fixture
async def hasty(
    database_url: str, hasty_client: Client, steering: Steering, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningSystem]:
    # The server waits a second between two attempts, however short the pause: rounds of two attempts, not of six.
    monkeypatch.setattr("workflows.steps.GATEWAY_RETRY", replace(GATEWAY_RETRY, maximum_attempts=2))
    client = TimeSkipper(hasty_client).client
    async with running_system(database_url, client, interceptors=[steering], webhooks_allow_private=True) as running:
        await running.stock(TEA_1=10)
        yield running


async def runs(system: RunningSystem, workflow_id: str) -> list[WorkflowExecution]:
    """All runs of a workflow, the latest first."""
    return [found async for found in system.client.list_workflows(f"WorkflowId = '{workflow_id}'")]


async def continued(system: RunningSystem, workflow_id: str, times: int = 2) -> None:
    """Wait until a workflow has continued as new so many times."""

    async def enough() -> bool:
        ends = [found.status for found in await runs(system, workflow_id)]
        return ends.count(WorkflowExecutionStatus.CONTINUED_AS_NEW) >= times

    await until(enough, f"{workflow_id} has continued as new {times} times", seconds=120)


async def assert_no_run_is_long(system: RunningSystem, workflow_id: str) -> None:
    lengths = [found.history_length for found in await runs(system, workflow_id)]
    assert max(lengths) < LONG_ENOUGH, lengths


async def pauses(system: RunningSystem, workflow_id: str) -> list[int]:
    """The lengths in seconds of the pauses of a workflow's latest run."""
    history = await system.client.get_workflow_handle(workflow_id).fetch_history()
    return [
        event.timer_started_event_attributes.start_to_fire_timeout.seconds
        for event in history.events
        if event.HasField("timer_started_event_attributes")
    ]


async def test_a_failing_undoing_continues_as_new_with_what_is_known_of_it(
    hasty: RunningSystem, steering: Steering
) -> None:
    steering.refuse("record-shipment")
    steering.refuse("refund-payment", "no answer")
    steering.refuse("void-shipment", "no answer either")
    order_id = await hasty.place()
    await hasty.needs_attention(order_id)
    handle = hasty.workflow("fulfill-order", order_id)
    before = await handle.query("attention")
    await continued(hasty, handle.id, times=5)  # by then a pause has grown to an hour
    after, now = await handle.query("attention"), await handle.describe()
    assert after["rounds"] > before["rounds"]
    assert datetime.fromisoformat(after["since"]) < now.start_time
    attributes = now.typed_search_attributes
    assert (attributes.get(ORDER_ID), attributes.get(CUSTOMER_ID)) == (order_id, "ALFKI")
    assert (attributes.get(ORDER_STATUS), attributes.get(NEEDS_ATTENTION)) == ("cancelled", True)
    # Temporal's summary of the first run is not carried over: the details name the order.
    assert order_id in await hasty.current_details(order_id)
    assert set(await pauses(hasty, handle.id)) <= {HOUR, HOUR - 1}  # pauses keep their length
    steering.refused.clear()
    await assert_everything_is_back(hasty, order_id, "fulfillment")
    assert not await hasty.is_marked(order_id)
    await assert_no_run_is_long(hasty, handle.id)
    await assert_the_books_hold(hasty)


async def test_a_run_that_is_cancelled_in_temporal_ends_as_cancelled_however_often_it_continues(
    hasty: RunningSystem, steering: Steering
) -> None:
    steering.refuse("refund-payment", "no answer")
    held = steering.hold_after("charge-payment")
    order_id = await hasty.place()
    await held.reached.wait()
    handle = hasty.workflow("fulfill-order", order_id)
    await handle.cancel()
    held.release.set()
    await continued(hasty, handle.id)
    steering.refused.clear()
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    assert (await handle.describe()).status is WorkflowExecutionStatus.CANCELED
    await assert_everything_is_back(hasty, order_id, "operator")


@pytest.mark.parametrize("step", ["charge-payment", "create-shipment", "reserve-inventory", "record-shipment"])
async def test_a_failing_step_continues_as_new_and_is_done_once(
    hasty: RunningSystem, steering: Steering, step: str
) -> None:
    steering.failing.add(step)
    order_id = await hasty.place()
    await continued(hasty, f"fulfill-order-{order_id}")
    details = await hasty.workflow("fulfill-order", order_id).query("attention")
    assert details is None or (details["step"] == step and details["rounds"] >= 2)
    steering.failing.clear()
    await hasty.settled(order_id, "shipped")
    assert await hasty.money(order_id) == (30_00, 0)
    assert await hasty.live_labels(order_id) == 1
    assert not await hasty.is_marked(order_id)
    await assert_no_run_is_long(hasty, f"fulfill-order-{order_id}")
    await assert_the_books_hold(hasty)


async def test_a_hold_continues_as_new_and_is_released(hasty: RunningSystem, steering: Steering) -> None:
    held = steering.hold_before("create-shipment")
    order_id = await hasty.place()
    await held.reached.wait()
    await hasty.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    held.release.set()
    await continued(hasty, f"fulfill-order-{order_id}")
    await hasty.handle(order_id, ReleaseOrder(order_id))
    await hasty.settled(order_id, "shipped")
    await assert_no_run_is_long(hasty, f"fulfill-order-{order_id}")
    await assert_the_books_hold(hasty)


async def test_a_fulfillment_that_waits_for_its_confirmation_continues_as_new(
    hasty: RunningSystem, steering: Steering
) -> None:
    steering.failing.add("check-inventory")
    order_id = await hasty.place()
    await hasty.start("fulfill-order", order_id)
    await continued(hasty, f"fulfill-order-{order_id}")
    steering.failing.clear()
    await hasty.settled(order_id, "shipped")


@pytest.mark.parametrize(("workflow", "step"), [("validate-order", "confirm"), ("notify-shipment", "publish")])
async def test_the_other_workflows_of_an_order_continue_as_new(
    hasty: RunningSystem, steering: Steering, workflow: str, step: str
) -> None:
    steering.failing.add(step)
    order_id = await hasty.place()
    await continued(hasty, f"{workflow}-{order_id}")
    steering.failing.clear()
    await hasty.settled(order_id, "shipped")
    assert not await hasty.is_marked(order_id, workflow)
    await assert_the_books_hold(hasty)


async def test_a_failing_refund_continues_as_new_and_is_made_once(hasty: RunningSystem, steering: Steering) -> None:
    order_id = await hasty.place()
    await hasty.settled(order_id, "shipped")
    steering.failing.add("return-payment")
    await hasty.handle(order_id, RequestRefund(order_id, "r-1", 10_00, "it arrived late"))
    await continued(hasty, f"refund-order-{order_id}/r-1")
    steering.failing.clear()
    await hasty.client.get_workflow_handle(f"refund-order-{order_id}/r-1").result()
    assert await hasty.money(order_id) == (30_00, 10_00)


async def test_looks_at_what_a_carrier_has_not_decided_grow_on_in_the_next_run(
    hasty: RunningSystem, steering: Steering
) -> None:
    decided = Undone(existed=True)
    answer = {"void-shipment": decided.model_copy(update={"pending": True})}
    steering.refuse("record-shipment")
    steering.changed["void-shipment"] = lambda _: answer["void-shipment"]
    order_id = await hasty.place()
    await continued(hasty, f"fulfill-order-{order_id}", times=7)
    assert not await hasty.is_marked(order_id)
    assert min(await pauses(hasty, f"fulfill-order-{order_id}"), default=HOUR) >= HOUR
    steering.changed.clear()
    await assert_everything_is_back(hasty, order_id, "fulfillment")


async def test_webhooks_whose_deliveries_cannot_be_read_continue_as_new(
    hasty: RunningSystem, steering: Steering
) -> None:
    steering.failing.add("next-delivery")
    async with receiving() as receiver:
        endpoint, _ = await hasty.app.endpoints.add(receiver.url, ["order.*"])
        order_id = await hasty.place()
        await continued(hasty, f"deliver-webhooks-{endpoint.id}-{order_id}")
        steering.failing.clear()

        async def delivered() -> bool:
            page = await hasty.app.deliveries.list(endpoint_id=endpoint.id, limit=100)
            return len(page.rows) == 4 and all(State(row.state) is State.DELIVERED for row in page.rows)

        await until(delivered, "all four events are delivered")
