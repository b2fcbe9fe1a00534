"""Classification of every failure of Stripe: retry, retry after a given time, or misconfigured."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from activities.interceptors.failures import as_failure
from embedded.ports import HOST, free_ports
from gateways.errors import GatewayMisconfigured, GatewayUnavailable, PaymentDeclined
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import API_KEY, Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, a_refund, persist

PRIVATE = "Maria Anders, card pm_card_visa"


@pytest.fixture
async def api(stripe_server: StripeProxy) -> AsyncIterator[StripeApi]:
    api = StripeApi(API_KEY, stripe_server.address, timeout=10)
    yield api
    await api.close()


@pytest.fixture
def payments(pool: asyncpg.Pool, api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, api)


UNAVAILABLE: list[tuple[dict[str, Any], float | None]] = [
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}, 7.0),
    ({"kind": "status", "status": 429}, None),
    ({"kind": "status", "status": 429, "headers": {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}}, None),
    ({"kind": "status", "status": 500}, None),
    ({"kind": "status", "status": 503, "headers": {"Retry-After": "2"}}, 2.0),
    ({"kind": "status", "status": 409, "error": {"type": "invalid_request_error", "code": "lock_timeout"}}, None),
    ({"kind": "lost_request"}, None),
    ({"kind": "lost_reply"}, None),
    ({"kind": "hang"}, None),
]


@pytest.mark.parametrize(("how", "retry_after"), UNAVAILABLE)
@pytest.mark.parametrize("call", ["POST /v1/payment_intents$", "confirm", "GET", "POST /v1/refunds"])
async def test_given_a_call_that_stripe_does_not_answer_well_then_it_is_asked_again_and_takes_effect_once(
    payments: StripePaymentGateway,
    stripe_server: StripeProxy,
    call: str,
    how: dict[str, Any],
    retry_after: float | None,
) -> None:
    stripe_server.fail(call, remaining=1, **how)
    request = a_charge()
    failures = []

    async def all_of_it() -> None:
        try:
            await payments.charge(request)
            await payments.find(request.key)
            await payments.void(request.key, "cancelled")
        except GatewayUnavailable as unavailable:
            failures.append(unavailable.retry_after)
            raise

    with pytest.raises(GatewayUnavailable):
        await all_of_it()
    assert failures == [retry_after]
    if call != "POST /v1/refunds":
        await persist(lambda: payments.charge(request))
    await payments.void(request.key, "cancelled")
    assert await stripe_server.behind.money() == Money(1, 1000, 1, 1000)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (401, {"type": "invalid_request_error"}, "refuses the API key: HTTP 401"),
        (403, {"type": "invalid_request_error"}, "refuses the API key: HTTP 403"),
        (400, {"type": "invalid_request_error", "code": "parameter_unknown", "param": "amount"}, "unknown at amount"),
        (404, {"type": "invalid_request_error", "code": "resource_missing"}, "resource_missing"),
        (400, {"type": "idempotency_error"}, "idempotency_error"),
        (400, {"type": "invalid_request_error", "code": PRIVATE, "param": PRIVATE}, "HTTP 400"),
    ],
)
async def test_given_a_request_that_stripe_does_not_take_then_it_is_ours_to_mend_and_never_declines_the_order(
    payments: StripePaymentGateway, stripe_server: StripeProxy, status: int, error: dict[str, Any], message: str
) -> None:
    stripe_server.fail("POST", "status", status=status, error={**error, "message": PRIVATE})
    request = a_charge()
    with pytest.raises(GatewayMisconfigured, match=message) as refusal:
        await payments.charge(request)
    failure = as_failure(refusal.value)
    assert not failure.non_retryable
    assert PRIVATE not in f"{failure} {refusal.value}"
    assert (await payments.charge(request)).amount == 1000


async def test_given_a_key_that_stripe_does_not_know_then_nothing_is_declined_and_the_key_is_not_told(
    pool: asyncpg.Pool, stripe_server: StripeProxy, caplog: pytest.LogCaptureFixture
) -> None:
    api = StripeApi("hunter2-of-stripe", stripe_server.address)
    with caplog.at_level(logging.DEBUG), pytest.raises(GatewayMisconfigured) as refusal:
        await StripePaymentGateway(pool, api).charge(a_charge())
    await api.close()
    assert "hunter2" not in f"{refusal.value!r} {refusal.value} {caplog.text}"


async def test_given_stripe_at_work_and_the_most_talkative_level_then_no_key_and_no_token_is_logged(
    payments: StripePaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        charge = await payments.charge(a_charge())
        await payments.refund(a_refund(charge, 100))
    assert API_KEY not in caplog.text
    assert "pm_card_visa" not in caplog.text


async def test_given_nobody_at_stripes_address_then_it_is_unavailable(pool: asyncpg.Pool) -> None:
    api = StripeApi(API_KEY, f"http://{HOST}:{free_ports(1)[0]}")
    with pytest.raises(GatewayUnavailable, match="no answer from Stripe"):
        await StripePaymentGateway(pool, api).charge(a_charge())
    await api.close()


async def test_given_a_refused_confirmation_whose_intent_explains_nothing_then_it_is_ours_to_mend(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    stripe_server.fail("confirm", "status", status=400, error={"type": "invalid_request_error", "code": "nonsense"})
    request = a_charge()
    with pytest.raises(StripeRefused, match="nonsense"):
        await payments.charge(request)
    assert await stripe_server.behind.money() == Money()
    await payments.charge(request)
    assert await stripe_server.behind.money() == Money(charges=1, charged=1000)


async def test_given_a_token_that_stripe_does_not_know_then_it_is_a_decline_also_when_asked_again(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    unknown = {"type": "invalid_request_error", "code": "resource_missing", "param": "payment_method"}
    stripe_server.fail("POST /v1/payment_intents$", "status", status=400, error=unknown)
    request = a_charge()
    for _ in range(2):
        with pytest.raises(PaymentDeclined) as declined:
            await payments.charge(request)
        assert declined.value.code == "resource_missing"
    assert stripe_server.faults_left == 0
    assert await stripe_server.behind.money() == Money()
