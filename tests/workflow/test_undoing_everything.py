"""On a cancelled order every step is undone, also steps that are not in the run's history."""

import pytest

from activities.shipping import label_key
from gateways.payments import ChargeRequest
from gateways.shipping import LabelRequest, Recipient
from orders.commands import CancelOrder, RecordPayment
from orders.events import CancelledBy
from orders.names import charge_key
from tests.running_system import RunningSystem
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back

STEPS = ["charge-payment", "record-payment", "reserve-inventory", "create-shipment", "record-shipment"]


async def act_as_another_run(system: RunningSystem, order_id: str) -> None:
    """Act as another run, whose worker was taken for dead: goods reserved and a label bought."""
    await system.app.stock.reserve(order_id, {"TEA-1": 2})
    await system.app.shipping.create(LabelRequest(label_key(order_id), order_id, 2, RECIPIENT))


RECIPIENT = Recipient("Maria Anders", "Obere Str. 57", None, "Berlin", None, "12209", "DE")


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["charge-payment", "record-payment", "reserve-inventory"])
async def test_what_another_run_did_meanwhile_is_undone(
    system: RunningSystem, steering: Steering, step: str, moment: str
) -> None:
    held = steering.hold_before(step) if moment == "before" else steering.hold_after(step)
    order_id = await system.place()
    await held.reached.wait()
    await act_as_another_run(system, order_id)
    await system.cancel(order_id)
    await system.dispatched_all()
    held.release.set()
    await assert_everything_is_back(system, order_id, "customer")
    await assert_the_books_hold(system)


async def test_a_refused_charge_undoes_what_another_run_did_meanwhile(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    await act_as_another_run(system, order_id)
    steering.refuse("charge-payment", "declined")
    held.release.set()
    await assert_everything_is_back(system, order_id, "fulfillment")


@pytest.mark.parametrize(
    "step", ["charge-payment", "record-payment", "reserve-inventory", "create-shipment", "record-shipment"]
)
async def test_a_run_that_is_overtaken_by_the_cancel_of_another_ends_undone(
    system: RunningSystem, steering: Steering, step: str
) -> None:
    """The other run cancels, not a person: this run gets no signal."""
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    await system.handle(order_id, CancelOrder(order_id, "another run's", CancelledBy.FULFILLMENT))
    held.release.set()
    await assert_everything_is_back(system, order_id, "fulfillment")


async def test_a_run_whose_payment_another_one_recorded_before_the_cancel_ends_undone(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_after("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    charge = await system.app.payments.charge(ChargeRequest(charge_key(order_id), order_id, "ALFKI", 30_00, "EUR"))
    await system.handle(order_id, RecordPayment(order_id, charge.payment_id, 30_00, "EUR"))
    await act_as_another_run(system, order_id)
    await system.handle(order_id, CancelOrder(order_id, "another run's", CancelledBy.FULFILLMENT))
    held.release.set()
    await assert_everything_is_back(system, order_id, "fulfillment")
