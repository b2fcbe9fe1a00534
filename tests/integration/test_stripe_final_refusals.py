"""Refusals by Stripe that the order's own amount, currency or means of payment causes: final, and before any money moves."""

import asyncpg
import pytest

from activities.interceptors.failures import as_failure
from gateways.errors import AmountNotSupported, DefiniteRefusal, GatewayMisconfigured, PaymentDeclined
from gateways.payments import Voided
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge

CREATE, CONFIRM = "POST /v1/payment_intents$", "confirm"
USED = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected "
    "account without Customer attachment, or was detached from a Customer. It may not be used again."
)
REFUSALS: list[tuple[str, dict[str, str], type[DefiniteRefusal], str]] = [
    (CREATE, {"code": "amount_too_small", "param": "amount"}, AmountNotSupported, "below Stripe's minimum"),
    (CREATE, {"code": "amount_too_large", "param": "amount"}, AmountNotSupported, "above Stripe's maximum"),
    (CREATE, {"param": "currency"}, AmountNotSupported, "does not take the currency"),
    (CREATE, {"code": "resource_missing", "param": "payment_method"}, PaymentDeclined, "does not know"),
    (CREATE, {"code": "parameter_missing", "param": "payment_method"}, PaymentDeclined, "belongs to a Stripe customer"),
    (
        CONFIRM,
        {"code": "parameter_missing", "param": "payment_method"},
        PaymentDeclined,
        "belongs to a Stripe customer",
    ),
    (CONFIRM, {"message": USED}, PaymentDeclined, "used or detached before"),
    (CREATE, {"code": "payment_method_unexpected_state"}, PaymentDeclined, "used or detached before"),
    (CONFIRM, {"code": "parameter_missing", "param": "mandate_data"}, PaymentDeclined, "no valid mandate"),
    (CONFIRM, {"code": "payment_intent_mandate_invalid"}, PaymentDeclined, "no valid mandate"),
    (CREATE, {"code": "payment_method_currency_mismatch"}, PaymentDeclined, "another currency"),
]


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


@pytest.mark.parametrize(("call", "error", "kind", "reason"), REFUSALS)
async def test_given_a_charge_that_stripe_can_never_take_then_it_is_refused_for_good_and_nothing_can_be_taken_later(
    payments: StripePaymentGateway,
    stripe_server: StripeProxy,
    call: str,
    error: dict[str, str],
    kind: type[DefiniteRefusal],
    reason: str,
) -> None:
    stripe_server.fail(call, "status", status=400, error={"type": "invalid_request_error", **error})
    request = a_charge()
    for _ in range(2):
        with pytest.raises(kind, match=reason) as refused:
            await payments.charge(request)
        assert as_failure(refused.value).non_retryable
    assert await stripe_server.behind.money() == Money()
    assert {each["status"] for each in await stripe_server.behind.intents()} <= {"canceled"}
    assert await payments.void(request.key, "cancelled") == Voided(request.key, None, None, 0)


@pytest.mark.parametrize(
    "error",
    [
        {"code": "parameter_unknown", "param": "payment_method"},
        {"code": "payment_method_not_available"},
        {"code": "parameter_missing", "param": "amount"},
        {"code": "parameter_missing", "param": "confirm"},
        {"message": "Something else."},
    ],
)
async def test_given_a_refusal_that_is_not_known_to_be_final_then_it_is_retried_until_a_person_mends_it(
    payments: StripePaymentGateway, stripe_server: StripeProxy, error: dict[str, str]
) -> None:
    stripe_server.fail(CREATE, "status", status=400, error={"type": "invalid_request_error", **error})
    request = a_charge()
    with pytest.raises(GatewayMisconfigured):
        await payments.charge(request)
    assert (await payments.charge(request)).amount == 1000
