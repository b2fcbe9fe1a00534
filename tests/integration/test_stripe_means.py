"""Means of payment at Stripe beside a card: a customer's saved card, and a payment that the customer made at checkout."""

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from gateways.errors import PaymentDeclined
from gateways.payments import ChargeRequest, TakesPayments
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge

AUTHENTICATING = "4000002500003155"
TAKEN = Money(charges=1, charged=1000)
RETURNED = Money(charges=1, charged=1000, refunds=1, refunded=1000)


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


async def saved(server: StripeProxy, number: str = "4242424242424242", **settings: str) -> tuple[str, str]:
    """A customer with a saved card, each by id."""
    customer = (await server.behind.ask("POST", "/v1/customers", name="Ada"))["id"]
    form = {"card[number]": number, "card[exp_month]": "1", "card[exp_year]": "2034", "card[cvc]": "123"}
    card = (await server.behind.ask("POST", "/v1/payment_methods", type="card", **form))["id"]
    await server.behind.ask("POST", f"/v1/payment_methods/{card}/attach", customer=customer)
    return str(customer), str(card)


async def made_default(server: StripeProxy, customer: str, card: str) -> None:
    form = {"invoice_settings[default_payment_method]": card}
    await server.behind.ask("POST", f"/v1/customers/{customer}", **form)


async def at_checkout(server: StripeProxy, amount: int = 1000, currency: str = "usd", **form: str) -> dict[str, Any]:
    """A payment that the shop's checkout has made."""
    form = {"payment_method": "pm_card_visa", "confirm": "true", **form}
    return await server.behind.ask("POST", "/v1/payment_intents", amount=amount, currency=currency, **form)


def paid_by(payment: dict[str, Any], request: ChargeRequest | None = None) -> ChargeRequest:
    return replace(request or a_charge(), payment_method=payment["id"])


async def refused(payments: StripePaymentGateway, request: ChargeRequest) -> PaymentDeclined:
    with pytest.raises(PaymentDeclined) as refusal:
        await payments.charge(request)
    return refusal.value


async def test_a_customers_saved_card_is_charged_without_the_customer(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    customer, card = await saved(stripe_server)
    await payments.charge(replace(a_charge(), payment_method=f"{customer}/{card}"))
    [create, confirm] = [call.form for call in stripe_server.calls if call.method == "POST"]
    assert (create["customer"], create["payment_method"]) == (customer, card)
    assert confirm["off_session"] == "True" or confirm["off_session"] == "true"
    assert await stripe_server.behind.money() == TAKEN


async def test_a_customer_alone_pays_by_the_default_card(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    customer, card = await saved(stripe_server)
    await made_default(stripe_server, customer, card)
    await payments.charge(replace(a_charge(), payment_method=customer))
    [intent] = await stripe_server.behind.intents()
    assert (intent["customer"], intent["payment_method"], intent["status"]) == (customer, card, "succeeded")


async def test_a_customer_without_a_default_card_or_whom_stripe_does_not_know_is_declined(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    customer, _ = await saved(stripe_server)
    assert (await refused(payments, replace(a_charge(), payment_method=customer))).code == "no_payment_method"
    unknown = await refused(payments, replace(a_charge(), payment_method="cus_unknown"))
    assert unknown.reason == "Stripe does not know the customer"
    assert await stripe_server.behind.intents() == []


async def test_a_payment_from_checkout_is_the_charge_and_gets_the_orders_name(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    payment = await at_checkout(stripe_server)
    request = paid_by(payment)
    charge = await payments.charge(request)
    assert (charge.payment_id, charge.captured) == (payment["id"], True)
    assert await payments.charge(request) == await payments.find(request.key) == charge
    [intent] = await stripe_server.behind.intents(request.order_id)
    assert intent["metadata"] == {"orderId": request.order_id, "key": request.key}
    assert await stripe_server.behind.money() == TAKEN
    await payments.void(request.key, "cancelled")
    assert await stripe_server.behind.money() == RETURNED


async def test_a_payment_that_checkout_only_authorised_is_captured_later(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    request = paid_by(await at_checkout(stripe_server, capture_method="manual"))
    assert (await payments.charge(request)).captured is False
    assert (await payments.capture(request.key)).captured is True
    assert await stripe_server.behind.money() == TAKEN


@pytest.mark.parametrize(("amount", "currency"), [(999, "usd"), (1000, "eur")])
async def test_a_payment_from_checkout_of_another_amount_or_currency_is_refused_and_left_alone(
    payments: StripePaymentGateway, stripe_server: StripeProxy, amount: int, currency: str
) -> None:
    request = paid_by(await at_checkout(stripe_server, amount, currency))
    assert (await refused(payments, request)).code == "payment_mismatch"
    await payments.claim(request)
    await payments.void(request.key, "cancelled")
    [intent] = await stripe_server.behind.intents()
    assert (intent["status"], intent["metadata"]) == ("succeeded", {})
    assert await stripe_server.behind.refunds() == []


async def test_a_payment_from_checkout_pays_for_one_order_alone(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    payment = await at_checkout(stripe_server)
    first, second = paid_by(payment), paid_by(payment)
    await payments.charge(first)
    assert (await refused(payments, second)).code == "payment_used"
    await payments.claim(second)
    await payments.void(second.key, "cancelled")
    assert await stripe_server.behind.money() == TAKEN


async def test_of_two_orders_at_once_one_gets_the_payment(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    payment = await at_checkout(stripe_server)
    answers = await asyncio.gather(*(payments.charge(paid_by(payment)) for _ in range(4)), return_exceptions=True)
    refusals = [each for each in answers if isinstance(each, PaymentDeclined)]
    assert [each.code for each in refusals] == ["payment_used"] * 3


async def test_a_payment_that_was_refunded_before_the_order_is_refused(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    payment = await at_checkout(stripe_server)
    await stripe_server.behind.ask("POST", "/v1/refunds", payment_intent=payment["id"], amount=300)
    assert (await refused(payments, paid_by(payment))).code == "payment_returned"


async def test_a_payment_that_the_customer_has_not_completed_is_declined_and_ends_with_the_order(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    request = paid_by(await at_checkout(stripe_server, confirm="false"))
    assert (await refused(payments, request)).code == "payment_incomplete"
    await payments.void(request.key, "cancelled")
    [intent] = await stripe_server.behind.intents()
    assert intent["status"] == "canceled"


async def test_a_payment_from_checkout_of_an_order_that_was_never_charged_is_returned(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    request = paid_by(await at_checkout(stripe_server))
    assert isinstance(payments, TakesPayments)
    for _ in range(2):
        await payments.claim(request)
    await payments.void(request.key, "cancelled")
    assert await stripe_server.behind.money() == RETURNED


async def test_a_payment_from_checkout_given_after_a_decline_and_never_charged_is_returned(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    request = replace(a_charge(), payment_method="pm_card_chargeCustomerFail")
    await refused(payments, request)
    await payments.claim(paid_by(await at_checkout(stripe_server), request))
    await payments.void(request.key, "cancelled")
    assert await stripe_server.behind.money() == RETURNED


async def test_a_payment_whose_naming_was_lost_is_named_at_the_next_look(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    payment = await at_checkout(stripe_server)
    request = paid_by(payment)
    stripe_server.fail(rf"POST /v1/payment_intents/{payment['id']}$", "lost_request")
    with pytest.raises(Exception, match="no answer"):
        await payments.charge(request)
    await payments.charge(request)
    [intent] = await stripe_server.behind.intents(request.order_id)
    assert intent["metadata"]["key"] == request.key
