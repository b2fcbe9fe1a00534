"""Every activity run twice returns the same and takes effect once; a compensation makes its step impossible."""

import inspect
import typing
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities import signatures as step
from activities.signatures import (
    Cancellation,
    OrderRef,
    PaymentRecord,
    Publication,
    RefundRecord,
    ShipmentRecord,
    Signature,
    Undo,
    Undone,
    Wire,
)
from gateways.errors import KeyVoided
from inventory.stock import ReservationReleased
from orders.errors import IllegalTransition
from orders.events import CancelledBy
from orders.topics import TOPICS
from tests.integration.dispatcher_harness import dispatching
from tests.running_system import RunningSystem
from worker import order_activities

SIGNATURES = [value for value in vars(step).values() if isinstance(value, Signature)]
HAPPY = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]
UNDONE = ["order.placed", "order.confirmed", "order.paid", "order.cancelled", "order.refunded"]


@dataclass(frozen=True)
class Steps:
    """The activities of a worker, run one at a time."""

    system: RunningSystem

    async def run(self, signature: Signature[Any, Any], argument: Wire) -> Any:
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, activity_type=signature.name, workflow_type="fulfill-order")
        return await environment.run(activities_of(self.system)[signature.name], argument)

    async def twice(self, signature: Signature[Any, Any], argument: Wire) -> Any:
        """The one answer of two runs, as after a reply that was lost."""
        first, second = await self.run(signature, argument), await self.run(signature, argument)
        assert first == second
        assert type(first) is signature.output
        return first


@pytest.fixture
async def steps(database_url: str, temporal_client: Client) -> AsyncIterator[Steps]:
    async with dispatching(database_url, temporal_client) as given:
        await given.system.stock(TEA_1=10)
        yield Steps(given.system)


def activities_of(system: RunningSystem) -> dict[str, Callable[..., Any]]:
    return {name_of(each): each for each in order_activities(system.app)}


def name_of(function: Callable[..., Any]) -> str:
    name = activity._Definition.must_from_callable(function).name
    assert name is not None
    return name


async def test_each_signature_has_one_activity_of_its_name_and_types(steps: Steps) -> None:
    of_orders = [
        signature for signature in SIGNATURES if signature is not step.RECONCILE_PAYMENTS
    ]  # registered with Stripe alone
    registered = order_activities(steps.system.app)
    assert sorted(map(name_of, registered)) == sorted(signature.name for signature in of_orders)
    for signature in of_orders:
        function = activities_of(steps.system)[signature.name]
        hints = typing.get_type_hints(function)
        [parameter] = inspect.signature(function).parameters
        assert (hints[parameter], hints["return"]) == (signature.input, signature.output)


def test_the_steps_have_the_names_that_people_look_for() -> None:
    assert {signature.name for signature in SIGNATURES} == {
        *("read-order", "check-inventory", "confirm", "cancel", "charge-payment", "record-payment"),
        *("reserve-inventory", "create-shipment", "capture-payment", "record-shipment", "publish"),
        *("refund-payment", "release-inventory", "void-shipment", "record-refund"),
        *("return-payment", "record-requested-refund", "request-cancel"),
        *("record-payment-failure", "record-pending-payment", "close-refund", "reconcile-payments"),
    }


async def test_every_step_to_a_shipment_run_twice_happens_once(steps: Steps) -> None:
    system = steps.system
    ref = OrderRef(order_id=await system.place(), correlation_id="c", causation_id="e")
    assert (await steps.twice(step.CHECK_INVENTORY, ref)).shortages == ()
    assert (await steps.twice(step.CONFIRM, ref)).status == "confirmed"
    assert (await steps.twice(step.READ_ORDER, ref)).status == "confirmed"
    payment = await steps.twice(step.CHARGE_PAYMENT, ref)
    record = PaymentRecord(order=ref, payment=payment)
    assert (await steps.twice(step.RECORD_PAYMENT, record)).payment_state == "paid"
    assert (await steps.twice(step.RESERVE_INVENTORY, ref)).units == 2
    shipment = await steps.twice(step.CREATE_SHIPMENT, ref)
    assert await steps.twice(step.CAPTURE_PAYMENT, ref) == payment
    shipped = ShipmentRecord(order=ref, shipment=shipment)
    assert (await steps.twice(step.RECORD_SHIPMENT, shipped)).status == "shipped"
    for topic in TOPICS:
        published = await steps.twice(step.PUBLISH, Publication(order=ref, topic=topic))
        assert [event.data["id"] for event in await system.app.store.read_stream(topic)] == [published.message_id]
    assert await system.events(ref.order_id) == HAPPY
    assert await system.money(ref.order_id) == (30_00, 0)
    assert await system.available("TEA-1") == 8


async def paid_and_reserved(steps: Steps) -> OrderRef:
    ref = OrderRef(order_id=await steps.system.place())
    await steps.run(step.CONFIRM, ref)
    payment = await steps.run(step.CHARGE_PAYMENT, ref)
    await steps.run(step.RECORD_PAYMENT, PaymentRecord(order=ref, payment=payment))
    await steps.run(step.RESERVE_INVENTORY, ref)
    await steps.run(step.CREATE_SHIPMENT, ref)
    return ref


def cancellation(ref: OrderRef) -> Cancellation:
    return Cancellation(order=ref, reason="for the test", cancelled_by=CancelledBy.FULFILLMENT)


async def test_every_compensation_run_twice_happens_once(steps: Steps) -> None:
    system, ref = steps.system, await paid_and_reserved(steps)
    assert (await steps.twice(step.CANCEL, cancellation(ref))).status == "cancelled"
    undo = Undo(order=ref, reason="for the test")
    assert await steps.twice(step.VOID_SHIPMENT, undo) == Undone(existed=True)
    assert await steps.twice(step.RELEASE_INVENTORY, undo) == Undone(existed=True)
    returned = await steps.twice(step.REFUND_PAYMENT, undo)
    assert returned.amount == 30_00
    refund = RefundRecord(
        order=ref, refund_id=returned.refund_id, payment_id=returned.payment_id, amount=returned.amount, reason="r"
    )
    assert (await steps.twice(step.RECORD_REFUND, refund)).payment_state == "refunded"
    assert await system.events(ref.order_id) == UNDONE
    assert await system.money(ref.order_id) == (30_00, 30_00)
    assert (await system.live_labels(ref.order_id), await system.available("TEA-1")) == (0, 10)


async def test_a_compensation_that_comes_first_finds_nothing_and_forbids_what_it_undoes(steps: Steps) -> None:
    system, ref = steps.system, OrderRef(order_id=await steps.system.place())
    await steps.run(step.CONFIRM, ref)
    undo = Undo(order=ref, reason="for the test")
    assert (await steps.twice(step.REFUND_PAYMENT, undo)).refund_id is None
    assert await steps.twice(step.VOID_SHIPMENT, undo) == Undone(existed=False)
    assert await steps.twice(step.RELEASE_INVENTORY, undo) == Undone(existed=False)
    for late, refusal in (
        (step.CHARGE_PAYMENT, KeyVoided),
        (step.CREATE_SHIPMENT, KeyVoided),
        (step.CAPTURE_PAYMENT, KeyVoided),
        (step.RESERVE_INVENTORY, ReservationReleased),
    ):
        with pytest.raises(refusal):
            await steps.run(late, ref)
    assert await system.money(ref.order_id) == (0, 0)
    assert await system.available("TEA-1") == 10


@pytest.mark.parametrize(
    "late", [step.CHARGE_PAYMENT, step.CREATE_SHIPMENT, step.CAPTURE_PAYMENT], ids=lambda signature: signature.name
)
async def test_nothing_is_asked_of_a_gateway_for_a_cancelled_order(
    steps: Steps, late: Signature[OrderRef, Any]
) -> None:
    ref = OrderRef(order_id=await steps.system.place())
    await steps.run(step.CONFIRM, ref)
    await steps.run(step.CANCEL, cancellation(ref))
    with pytest.raises(IllegalTransition):
        await steps.run(late, ref)
    assert await steps.system.money(ref.order_id) == (0, 0)
    assert await steps.system.live_labels(ref.order_id) == 0


async def test_a_cancel_after_the_shipment_answers_that_it_is_shipped_and_changes_nothing(steps: Steps) -> None:
    ref = await paid_and_reserved(steps)
    shipment = await steps.run(step.CREATE_SHIPMENT, ref)
    await steps.run(step.RECORD_SHIPMENT, ShipmentRecord(order=ref, shipment=shipment))
    assert (await steps.twice(step.CANCEL, cancellation(ref))).status == "shipped"
    assert await steps.system.events(ref.order_id) == HAPPY
