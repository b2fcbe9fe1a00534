"""Gateway calls with unknown outcomes: one effect or none, never two, and the stream agrees with the ledger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Literal

import pytest
from temporalio.client import Client

import workflows.steps
from gateways.simulated import Operation
from orders.interventions import RequestRefund
from orders.state import Shipped
from tests.running_system import RunningSystem, new_id, running_system
from tests.workflow.books import assert_the_books_hold
from tests.workflow.forgetful_gateways import Forgetful, forgetful
from tests.workflow.steering import Steering
from workflows.model import REFUND_ORDER

Outcome = Literal["lost_reply", "hang", "late_effect"]
OUTCOMES: list[Outcome] = ["lost_reply", "hang", "late_effect"]
TIMEOUT = timedelta(seconds=1)
FOR_GOOD = 600.0  # seconds a call hangs: longer than any test
Drive = Callable[[RunningSystem, Steering], Awaitable[str]]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the time-outs of gateway calls to a second: the sandbox passes our own modules through as patched by the
    test."""
    monkeypatch.setattr(workflows.steps, "GATEWAY_TIMEOUT", TIMEOUT)


async def shipped(system: RunningSystem, steering: Steering) -> str:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert await effects(system, order_id) == (1, 0, 1)
    assert await system.money(order_id) == (30_00, 0)
    return order_id


async def undone(system: RunningSystem, steering: Steering) -> str:
    """Order that was charged and labelled, then refused for good and undone."""
    steering.refuse("record-shipment")
    order_id = await system.place()
    await system.settled(order_id, "cancelled")
    assert await effects(system, order_id) == (1, 1, 0)
    assert await system.money(order_id) == (30_00, 30_00)
    assert (await system.state(order_id)).payment_state == "refunded"
    return order_id


async def partly_refunded(system: RunningSystem, steering: Steering) -> str:
    order_id = await shipped(system, steering)
    await refunded_in_part(system, order_id)
    assert await effects(system, order_id) == (1, 1, 1)
    return order_id


async def refunded_in_part(system: RunningSystem, order_id: str, amount: int = 10_00) -> None:
    refund_id = new_id()
    await system.handle(order_id, RequestRefund(order_id, refund_id, amount, "it arrived late"))
    await system.dispatched_all()
    await system.client.get_workflow_handle(f"{REFUND_ORDER}-{order_id}/{refund_id}").result()
    state = await system.state(order_id)
    assert isinstance(state, Shipped)
    assert [refund.refund_id for refund in state.refunds] == [refund_id]
    assert await system.money(order_id) == (30_00, amount)


async def effects(system: RunningSystem, order_id: str) -> tuple[int, int, int]:
    """Numbers of charges and refunds of the order at the gateways, and of live labels."""
    fetchval = system.app.pool.fetchval
    return (
        await fetchval("select count(payment_id) from simulated.charges where order_id = $1", order_id),
        await fetchval(
            "select count(*) from simulated.refunds r join simulated.charges c using (payment_id) where c.order_id = $1",
            order_id,
        ),
        await fetchval("select count(*) from simulated.labels where order_id = $1 and state = 'created'", order_id),
    )


CALLS: list[tuple[Operation, Drive]] = [
    ("payment.charge", shipped),
    ("shipping.create", shipped),
    ("payment.void", undone),
    ("shipping.void", undone),
    ("payment.refund", partly_refunded),
]


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(("operation", "drive"), CALLS, ids=[operation for operation, _ in CALLS])
@pytest.mark.usefixtures("impatient")
async def test_a_call_whose_outcome_is_unknown_is_repeated_and_takes_effect_once(
    system: RunningSystem, steering: Steering, operation: Operation, drive: Drive, outcome: Outcome
) -> None:
    await system.faults.set(operation, outcome, remaining=1, delay_seconds=FOR_GOOD if outcome == "hang" else 0)
    order_id = await drive(system, steering)
    assert await faults_left(system) == 0
    before = await effects(system, order_id)
    delivered = await system.faults.deliver()
    assert delivered == ([operation] if outcome == "late_effect" else [])
    assert await effects(system, order_id) == before
    await assert_the_books_hold(system)


async def faults_left(system: RunningSystem) -> int:
    return int(await system.app.pool.fetchval("select sum(remaining) from simulated.faults"))


@pytest.mark.parametrize(
    ("operation", "step"), [("payment.charge", "charge-payment"), ("shipping.create", "create-shipment")]
)
async def test_an_effect_that_arrives_after_its_compensation_is_refused(
    system: RunningSystem, operation: Operation, step: str
) -> None:
    await system.faults.set(operation, "late_effect")
    order_id = await system.place()
    await system.step_is_failing(order_id, step)
    await system.cancel(order_id)
    await system.settled(order_id, "cancelled")
    assert set(await system.faults.deliver()) == {operation}
    charged, given_back = await system.money(order_id)
    assert charged == given_back == (0 if step == "charge-payment" else 30_00)
    assert (await effects(system, order_id))[2] == 0
    await assert_the_books_hold(system)


@pytest.mark.parametrize(
    ("operation", "step"), [("payment.charge", "charge-payment"), ("shipping.create", "create-shipment")]
)
async def test_an_effect_that_arrives_between_a_cancel_and_its_compensation_is_undone(
    system: RunningSystem, steering: Steering, operation: Operation, step: str
) -> None:
    undo = {"charge-payment": "refund-payment", "create-shipment": "void-shipment"}[step]
    await system.faults.set(operation, "late_effect")
    held = steering.hold_before(undo)
    order_id = await system.place()
    await system.step_is_failing(order_id, step)
    await system.cancel(order_id)
    await held.reached.wait()
    await system.faults.deliver()
    taken = await effects(system, order_id)
    assert taken == ((1, 0, 0) if step == "charge-payment" else (1, 0, 1))
    held.release.set()
    await system.settled(order_id, "cancelled")
    assert await effects(system, order_id) == (1, 1, 0)
    await assert_the_books_hold(system)


# Gateways that have forgotten every idempotency key, as real ones do after a day


@pytest.fixture
async def forgetting(
    database_url: str, temporal_client: Client, steering: Steering
) -> AsyncIterator[tuple[RunningSystem, Forgetful]]:
    doubles = Forgetful()
    adapt = forgetful(doubles)
    async with running_system(database_url, temporal_client, interceptors=[steering], adapt=adapt) as running:
        await running.stock(TEA_1=10)
        yield running, doubles


@pytest.mark.parametrize(
    ("operation", "drive"), [call for call in CALLS if call[0] not in ("payment.void", "shipping.void")]
)
async def test_a_retry_finds_what_was_done_where_the_gateway_has_forgotten_the_key(
    forgetting: tuple[RunningSystem, Forgetful], steering: Steering, operation: Operation, drive: Drive
) -> None:
    system, doubles = forgetting
    await system.faults.set(operation, "lost_reply", remaining=1)
    await drive(system, steering)
    assert doubles.asked[operation] == 1
    await assert_the_books_hold(system)


@pytest.mark.parametrize("step", ["charge-payment", "create-shipment"])
async def test_a_run_that_takes_up_an_old_order_finds_what_was_done_though_its_attempts_count_anew(
    forgetting: tuple[RunningSystem, Forgetful], steering: Steering, step: str
) -> None:
    system, doubles = forgetting
    held = steering.hold_after(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.workflow("fulfill-order", order_id).terminate("by mistake")
    steering.after.clear()
    held.release.set()
    await system.start("fulfill-order", order_id)
    await system.settled(order_id, "shipped")
    assert await effects(system, order_id) == (1, 0, 1)
    assert set(doubles.asked.values()) == {1}
    await assert_the_books_hold(system)
