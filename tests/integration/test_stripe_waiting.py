"""Payments at Stripe that wait for their customer: authentication, other cards, and never two intents that can take money."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from gateways.errors import GatewayUnavailable, KeyVoided, PaymentDeclined
from gateways.payments import ChargeRequest, CustomerAction, CustomerActions
from gateways.stripe.api import StripeApi
from gateways.stripe.objects import Intent
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge

AUTHENTICATING = "4000002500003155"
TAKEN = Money(charges=1, charged=1000)


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


async def card(server: StripeProxy, number: str) -> str:
    """A means of payment at Stripe with this card number."""
    form = {"card[number]": number, "card[exp_month]": "1", "card[exp_year]": "2034", "card[cvc]": "123"}
    made = await server.behind.ask("POST", "/v1/payment_methods", type="card", **form)
    return str(made["id"])


@pytest.fixture
async def waiting(stripe_server: StripeProxy) -> ChargeRequest:
    """Charge of an order that waits, by a card that needs authentication."""
    return replace(a_charge(), payment_method=await card(stripe_server, AUTHENTICATING), waits=True)


async def refused(payments: StripePaymentGateway, request: ChargeRequest) -> PaymentDeclined:
    with pytest.raises(PaymentDeclined) as refusal:
        await payments.charge(request)
    return refusal.value


async def authenticate(server: StripeProxy, action: CustomerAction | None, success: str = "true") -> dict[str, Any]:
    """Authenticate as the customer's browser does, with the secret from the shop."""
    assert action is not None
    path = f"/v1/payment_intents/{action.payment_id}/_authenticate"
    return await server.behind.ask("POST", path, client_secret=action.client_secret, success=success)


async def statuses(server: StripeProxy, request: ChargeRequest) -> dict[str, str]:
    return {each["id"]: each["status"] for each in await server.behind.intents(request.order_id)}


async def test_a_payment_that_the_customer_authenticates_is_the_charge(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    for _ in range(2):
        refusal = await refused(payments, waiting)
        assert refusal.code == "authentication_required"
    assert isinstance(payments, CustomerActions)
    action = await payments.customer_action(waiting.key)
    assert action is not None
    assert (action.payment_id, action.status) == (refusal.payment_id, "requires_action")
    assert action.next_action is not None
    assert await stripe_server.behind.money() == Money()
    await authenticate(stripe_server, action)
    charge = await payments.find(waiting.key)
    assert charge is not None
    assert charge == await payments.charge(waiting)
    assert await stripe_server.behind.money() == TAKEN
    assert await payments.customer_action(waiting.key) is None, "nothing is left for the customer"


async def test_a_failed_authentication_is_a_decline_of_its_own(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    await refused(payments, waiting)
    await authenticate(stripe_server, await payments.customer_action(waiting.key), success="false")
    refusal = await refused(payments, waiting)
    assert refusal.code == "payment_intent_authentication_failure"
    action = await payments.customer_action(waiting.key)
    assert action is not None
    assert action.status == "requires_payment_method"


async def test_another_card_cancels_the_payment_that_waits_before_it_is_charged(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    first = (await refused(payments, waiting)).payment_id
    assert first is not None
    stripe_server.calls.clear()
    charge = await payments.charge(replace(waiting, attempt=2, payment_method="pm_card_visa"))
    names = [call.name for call in stripe_server.calls if call.method == "POST"]
    assert names.index(f"POST /v1/payment_intents/{first}/cancel") < names.index("POST /v1/payment_intents")
    assert await statuses(stripe_server, waiting) == {first: "canceled", charge.payment_id: "succeeded"}
    assert await stripe_server.behind.money() == TAKEN


async def test_a_customer_who_authenticates_before_another_card_is_charged_pays_once(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    first = (await refused(payments, waiting)).payment_id
    await authenticate(stripe_server, await payments.customer_action(waiting.key))
    charge = await payments.charge(replace(waiting, attempt=2, payment_method="pm_card_visa"))
    assert charge.payment_id == first
    assert await stripe_server.behind.money() == TAKEN


async def test_declines_in_a_row_leave_one_live_payment(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    bad = "pm_card_chargeCustomerFail"
    for attempt in (1, 2, 3):
        await refused(payments, replace(waiting, attempt=attempt, payment_method=bad))
    assert sorted((await statuses(stripe_server, waiting)).values()) == [
        "canceled",
        "canceled",
        "requires_payment_method",
    ]
    await payments.charge(replace(waiting, attempt=4, payment_method="pm_card_visa"))
    assert await stripe_server.behind.money() == TAKEN


async def test_a_payment_that_waits_is_cancelled_with_its_order(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    await refused(payments, waiting)
    await payments.void(waiting.key, "cancelled")
    assert list((await statuses(stripe_server, waiting)).values()) == ["canceled"]
    assert await payments.customer_action(waiting.key) is None
    with pytest.raises(KeyVoided):
        await payments.charge(replace(waiting, attempt=2, payment_method="pm_card_visa"))


async def test_an_order_that_does_not_wait_keeps_no_payment_for_its_customer(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    await refused(payments, replace(waiting, waits=False))
    assert list((await statuses(stripe_server, waiting)).values()) == ["canceled"]


async def test_the_customers_secret_shows_in_no_text(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    refusal = await refused(payments, waiting)
    action = await payments.customer_action(waiting.key)
    assert action is not None
    assert action.client_secret
    intent = await payments.api.retrieve(action.payment_id)
    assert action.client_secret not in repr(action) + repr(intent) + repr(refusal)


async def test_a_declined_payment_that_the_customer_pays_by_debit_is_pending_and_no_other_is_begun(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest
) -> None:
    first = (await refused(payments, waiting)).payment_id
    assert first is not None
    await authenticate(stripe_server, await payments.customer_action(waiting.key), success="false")
    await refused(payments, waiting)
    stripe_server.undecided.processing.add(first)
    other = replace(waiting, attempt=2, payment_method="pm_card_visa")
    for request in (waiting, other):
        charge = await payments.charge(request)
        assert (charge.payment_id, charge.pending_until is not None) == (first, True)
    await stripe_server.decide(first, succeeds=False)
    charge = await payments.charge(other)
    assert (charge.payment_id != first, charge.pending_until) == (True, None)
    assert await stripe_server.behind.money() == TAKEN


async def test_a_cancelled_payment_that_a_late_search_shows_as_waiting_is_not_taken_for_a_lost_one(
    payments: StripePaymentGateway, stripe_server: StripeProxy, waiting: ChargeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (await refused(payments, waiting)).payment_id
    assert first is not None
    stale = await payments.api.retrieve(first)
    other = replace(waiting, attempt=2, payment_method="pm_card_visa")
    stripe_server.fail("POST /v1/payment_intents$", "lost_request")
    with pytest.raises(GatewayUnavailable):
        await payments.charge(other)

    async def behind(key: str) -> list[Intent]:
        return [stale]

    monkeypatch.setattr(payments.api, "search", behind)
    stripe_server.long_ago = True
    charge = await payments.charge(other)
    assert charge.payment_id != first
    assert await stripe_server.behind.money() == TAKEN
