"""Orders that name a payment which their customer made at checkout: shipped for it, or given back, however the order ends."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from orders.state import Cancelled
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import until
from tests.workflow.steering import Steering
from tests.workflow.stripe_system import StripeSystem, stripe_system

TOTAL = 30_00
TAKEN = Money(charges=1, charged=TOTAL)
RETURNED = Money(charges=1, charged=TOTAL, refunds=1, refunded=TOTAL)


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, stripe_server: StripeProxy
) -> AsyncIterator[StripeSystem]:
    async with stripe_system(database_url, temporal_client, stripe_server, interceptors=[steering]) as running:
        await running.stock(TEA_1=2)
        yield running


async def checkout(stripe: StripeProxy, amount: int = TOTAL) -> str:
    """Payment made at the shop's checkout; its id."""
    form = {"payment_method": "pm_card_visa", "confirm": "true"}
    made = await stripe.behind.ask("POST", "/v1/payment_intents", amount=amount, currency="eur", **form)
    return str(made["id"])


async def test_an_order_that_was_paid_at_checkout_ships_without_another_charge(
    system: StripeSystem, stripe_server: StripeProxy
) -> None:
    order_id = await system.place(paymentMethod=await checkout(stripe_server))
    await system.settled(order_id, "shipped")
    assert await stripe_server.behind.money() == TAKEN
    await system.assert_stripe_agrees(order_id)


async def test_an_order_out_of_stock_gives_the_payment_from_checkout_back(
    system: StripeSystem, stripe_server: StripeProxy
) -> None:
    await system.stock(TEA_1=1)
    order_id = await system.place(paymentMethod=await checkout(stripe_server))

    async def refunded() -> bool:
        return "order.refunded" in await system.events(order_id)

    await until(refunded, f"{order_id} is refunded")
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert (state.reason, state.payment_state) == ("Items out of stock", "refunded")
    assert await stripe_server.behind.money() == RETURNED
    await system.assert_stripe_agrees(order_id)


async def test_an_order_cancelled_before_its_charge_gives_the_payment_from_checkout_back(
    system: StripeSystem, stripe_server: StripeProxy, steering: Steering
) -> None:
    held = steering.hold_before("confirm")
    order_id = await system.place(paymentMethod=await checkout(stripe_server))
    await held.reached.wait()
    await system.cancel(order_id)
    held.release.set()

    async def refunded() -> bool:
        return "order.refunded" in await system.events(order_id)

    await until(refunded, f"{order_id} is refunded")
    await system.settled(order_id, "cancelled")
    assert await stripe_server.behind.money() == RETURNED
    await system.assert_stripe_agrees(order_id)


async def test_a_payment_of_another_amount_cancels_the_order_and_is_left_alone(
    system: StripeSystem, stripe_server: StripeProxy
) -> None:
    order_id = await system.place(paymentMethod=await checkout(stripe_server, 100))
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason == "Payment declined: The payment made at checkout is of another amount or currency"
    assert await stripe_server.behind.money() == Money(charges=1, charged=100)
