"""An effect found at a gateway is accepted if it matches, and never charged again if it does not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from temporalio.client import Client

from activities.payment import PaymentActivities
from activities.signatures import ChargeRef
from gateways.errors import IdempotencyConflict, KeyVoided
from gateways.payments import Charge, ChargeRequest
from gateways.simulated import SimulatedPaymentGateway
from orders.commands import ConfirmOrder
from orders.interventions import RetryOrder
from orders.names import charge_key
from tests.integration.dispatcher_harness import dispatching
from tests.running_system import RunningSystem
from tests.workflow.forgetful_gateways import Forgetful, forgetful


@dataclass(frozen=True)
class Charging:
    """A confirmed order, and the charge step before a gateway that has forgotten every key."""

    system: RunningSystem
    step: PaymentActivities
    ref: ChargeRef
    request: ChargeRequest


@pytest.fixture
async def charging(database_url: str, temporal_client: Client) -> AsyncIterator[Charging]:
    async with dispatching(database_url, temporal_client) as given:
        system = given.system
        order_id = await system.place()
        await system.handle(order_id, ConfirmOrder(order_id))
        app = forgetful(Forgetful())(system.app)
        request = ChargeRequest(charge_key(order_id), order_id, "ALFKI", 30_00, "EUR")
        yield Charging(system, PaymentActivities(app.orders, app.payments), ChargeRef(order_id=order_id), request)


async def test_a_charge_that_was_made_before_is_the_answer(charging: Charging) -> None:
    made = await charging.system.app.payments.charge(charging.request)
    assert (await charging.step.charge_payment(charging.ref)).payment_id == made.payment_id
    assert await charging.system.money(charging.ref.order_id) == (30_00, 0)


async def test_a_charge_that_was_given_back_is_neither_the_answer_nor_made_again(charging: Charging) -> None:
    await charging.system.app.payments.charge(charging.request)
    await charging.system.app.payments.void(charging.request.key, "cancelled")
    with pytest.raises(KeyVoided):
        await charging.step.charge_payment(charging.ref)
    assert await charging.system.money(charging.ref.order_id) == (30_00, 30_00)


async def test_a_charge_says_how_to_pay_and_how_often_a_person_has_had_the_order_taken_up(
    charging: Charging,
) -> None:
    system, asked = charging.system, list[ChargeRequest]()
    order_id = await system.place(paymentMethod="pm_card_visa")
    await system.handle(order_id, RetryOrder(order_id, "lost"))
    await system.handle(order_id, ConfirmOrder(order_id))

    class Asked(SimulatedPaymentGateway):
        async def charge(self, request: ChargeRequest) -> Charge:
            asked.append(request)
            return await super().charge(request)

    step, ref = PaymentActivities(system.app.orders, Asked(system.app.pool)), ChargeRef(order_id=order_id)
    payment = await step.charge_payment(ref)
    [request] = asked
    assert (request.payment_method, request.attempt) == ("pm_card_visa", 2)
    assert "pm_card_visa" not in payment.model_dump_json()


@pytest.mark.parametrize("other", [{"amount": 29_99}, {"currency": "USD"}])
async def test_a_charge_of_another_amount_is_neither_the_answer_nor_made_again(
    charging: Charging, other: dict[str, int | str]
) -> None:
    await charging.system.app.payments.charge(replace(charging.request, **other))  # type: ignore[arg-type]
    with pytest.raises(IdempotencyConflict):
        await charging.step.charge_payment(charging.ref)
    [books] = await charging.system.ledger.books([charging.ref.order_id])
    assert books.refunded == 0
