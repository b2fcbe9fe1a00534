"""Changes at Stripe while an order is on its way: it waits for a person, and ends as the person decides."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow

from activities.signatures import Reconciled
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import ReleaseOrder
from orders.state import Shipped
from temporal import reconciliation_id, schedule_reconciliation
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import until
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering
from tests.workflow.stripe_system import StripeSystem, stripe_system

PATIENCE = 120.0  # seconds
ADJUSTED = ["order.payment_adjusted", "order.held"]


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, stripe_server: StripeProxy
) -> AsyncIterator[StripeSystem]:
    """System that authorises charges first, and captures them with the label."""
    async with stripe_system(
        database_url, temporal_client, stripe_server, interceptors=[steering], stripe_capture="with-label"
    ) as running:
        await running.stock(TEA_1=10)
        yield running


async def waits_for_a_person(system: StripeSystem, order_id: str) -> None:
    async def held() -> bool:
        return (await system.state(order_id)).hold is not None

    await until(held, f"{order_id} is on hold", PATIENCE)
    assert (await system.events(order_id))[-2:] == ADJUSTED


@pytest.mark.parametrize("how", ["captured", "released", "refunded"])
async def test_a_payment_changed_before_the_capture_holds_the_order_until_a_person_ships_it_as_it_is(
    system: StripeSystem, steering: Steering, how: str
) -> None:
    order_id, returned = await changed_before_the_capture(system, steering, how)
    await system.handle(order_id, ReleaseOrder(order_id))
    state = await system.settled(order_id, "shipped", PATIENCE)
    assert isinstance(state, Shipped)
    assert state.refundable == 30_00 - returned
    assert await system.money(order_id) == (30_00, returned)
    await assert_the_books_hold(system)


@pytest.mark.parametrize("how", ["captured", "released", "refunded"])
async def test_a_payment_changed_before_the_capture_is_returned_when_a_person_cancels(
    system: StripeSystem, steering: Steering, how: str
) -> None:
    order_id, _ = await changed_before_the_capture(system, steering, how)
    await system.handle(order_id, CancelOrder(order_id, "changed my mind", CancelledBy.OPERATOR))
    state = await system.settled(order_id, "cancelled", PATIENCE)
    assert state.payment_state == "refunded"
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.live_labels(order_id) == 0
    await assert_the_books_hold(system)


async def changed_before_the_capture(system: StripeSystem, steering: Steering, how: str) -> tuple[str, int]:
    """Order that waits for a person, and the amount that it has lost."""
    gate = steering.hold_before("capture-payment")
    order_id = await system.place()
    await gate.reached.wait()
    [intent] = await system.stripe.behind.intents(order_id)
    at, id_ = system.stripe.dashboard, intent["id"]
    match how:
        case "captured":
            await at.capture(id_, 21_00)
        case "released":
            await at.cancel(id_)
        case "refunded":
            await at.capture(id_, 30_00)
            await at.refund(id_, 9_00)
    steering.before.clear()
    gate.release.set()
    await waits_for_a_person(system, order_id)
    return order_id, 30_00 if how == "released" else 9_00


async def test_an_authorisation_that_ended_by_itself_cancels_the_order(
    system: StripeSystem, steering: Steering
) -> None:
    gate = steering.hold_before("capture-payment")
    order_id = await system.place()
    await gate.reached.wait()
    [intent] = await system.stripe.behind.intents(order_id)
    await system.stripe.dashboard.expire(intent["id"])
    steering.before.clear()
    gate.release.set()
    state = await system.settled(order_id, "cancelled", PATIENCE)
    assert state.payment_state == "refunded"
    await assert_the_books_hold(system)


async def test_without_webhooks_the_schedule_finds_the_change_and_the_next_run_looks_from_there(
    system: StripeSystem, steering: Steering
) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped", PATIENCE)
    [intent] = await system.stripe.behind.intents(order_id)
    await system.stripe.dashboard.refund(intent["id"], 9_00)
    first = await triggered(system, runs=1)
    assert (first.orders, first.recorded, first.failed) == (1, 1, 0)
    assert (await system.events(order_id))[-1] == "order.payment_adjusted"
    second = await triggered(system, runs=2)
    assert (second.orders, second.recorded) == (0, 0)
    [*_, call] = system.stripe.called(r"GET /v1/refunds\?created")
    since = int(call.path.partition("created[gte]=")[2].partition("&")[0] or 0)
    assert 3_500 < first.until.timestamp() - since < 3_700, "an hour before the end of the last run's window"
    await assert_the_books_hold(system)


async def test_a_schedule_that_an_operator_paused_stays_paused_when_a_worker_starts(system: StripeSystem) -> None:
    handle = system.client.get_schedule_handle(reconciliation_id(system.app.settings))
    await handle.pause(note="maintenance")
    settings = system.app.settings.model_copy(update={"stripe_reconcile_seconds": 60})
    await schedule_reconciliation(system.client, settings)
    described = await handle.describe()
    assert described.schedule.state.paused
    assert [each.every.total_seconds() for each in described.schedule.spec.intervals] == [60]
    await schedule_reconciliation(system.client, settings.model_copy(update={"stripe_api_key": None}))
    await schedule_reconciliation(system.client, settings.model_copy(update={"stripe_api_key": None}))


async def triggered(system: StripeSystem, runs: int) -> Reconciled:
    """Result of the schedule's last run, which this starts."""
    handle = system.client.get_schedule_handle(reconciliation_id(system.app.settings))
    await handle.trigger()

    async def ended() -> bool:
        described = await handle.describe()
        return len(described.info.recent_actions) == runs and not described.info.running_actions

    await until(ended, f"the schedule has run {runs} times", PATIENCE)
    action = (await handle.describe()).info.recent_actions[-1].action
    assert isinstance(action, ScheduleActionExecutionStartWorkflow)
    run = system.client.get_workflow_handle(action.workflow_id, result_type=Reconciled)
    result: Reconciled = await run.result()
    return result
