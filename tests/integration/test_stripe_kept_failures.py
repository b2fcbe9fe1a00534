"""Kept failures, which Stripe repeats under the idempotency key for a day: the next request looks for the effect, then
uses a new key. Judged by the money at localstripe."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from gateways.errors import GatewayError, GatewayMisconfigured
from gateways.payments import Charge, ChargeRequest, RefundRequest
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import API_KEY, Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, a_refund

TRIES = 4  # far less than a day
Drive = Callable[[StripePaymentGateway, ChargeRequest], Awaitable[object]]


@pytest.fixture
def at_once(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


@pytest.fixture
def with_label(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api, with_label=True)


async def repeated(call: Callable[[], Awaitable[object]]) -> list[GatewayError]:
    """The failures of a call until it succeeds; it is made a few times, as the workflows do within a minute."""
    failures: list[GatewayError] = []
    while True:
        try:
            await call()
        except GatewayError as failure:
            failures.append(failure)
            assert len(failures) <= TRIES, failures
        else:
            return failures


async def charge(payments: StripePaymentGateway, request: ChargeRequest) -> Charge:
    return await payments.charge(request)


async def capture(payments: StripePaymentGateway, request: ChargeRequest) -> Charge:
    await payments.charge(request)
    return await payments.capture(request.key)


async def undo(payments: StripePaymentGateway, request: ChargeRequest) -> None:
    if await payments.find(request.key) is None:
        await payments.charge(request)
    await payments.void(request.key, "cancelled")


async def refund(payments: StripePaymentGateway, request: ChargeRequest) -> None:
    made = await payments.charge(request)
    asked = RefundRequest(f"{request.key}:back", made.payment_id, 300, "USD", "returned")
    assert await payments.refund(asked) == await payments.find_refund(asked.key)


CHARGED, RETURNED = Money(1, 1000), Money(1, 1000, 1, 1000)
CALLS: list[tuple[str, str, Drive, Money]] = [
    ("create", "POST /v1/payment_intents$", charge, CHARGED),
    ("confirm", "confirm", charge, CHARGED),
    ("capture", "capture", capture, CHARGED),
    ("refund", "POST /v1/refunds", refund, Money(1, 1000, 1, 300)),
    ("undo", "POST /v1/refunds", undo, RETURNED),
    ("release", "cancel", undo, Money()),
]
ANSWERS: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 500, "effect": True},
    {"status": 503, "effect": True},
    {"status": 429, "saved": True},
    {"status": 429},
    {"status": 409, "saved": True},
    {"status": 409},
    {"status": 400, "error": {"type": "invalid_request_error", "code": "nonsense"}},
    {"status": 400, "saved": False, "error": {"type": "invalid_request_error", "code": "nonsense"}},
    {"status": 400, "error": {"type": "idempotency_error"}},
]


def named(answer: dict[str, Any]) -> str:
    return "-".join(f"{name}={value}" for name, value in answer.items() if name != "error")


@pytest.mark.parametrize("answer", ANSWERS, ids=named)
@pytest.mark.parametrize(("name", "call", "drive", "money"), CALLS, ids=[each[0] for each in CALLS])
async def test_given_a_failure_that_stripe_may_keep_then_the_money_moves_once_without_waiting_a_day(
    at_once: StripePaymentGateway,
    with_label: StripePaymentGateway,
    stripe_server: StripeProxy,
    name: str,
    call: str,
    drive: Drive,
    money: Money,
    answer: dict[str, Any],
) -> None:
    payments = with_label if name in ("capture", "release") else at_once
    request = a_charge()
    stripe_server.fail(call, "status", **answer)
    failures = await repeated(lambda: drive(payments, request))
    assert stripe_server.faults_left == 0
    assert len(failures) <= 2
    assert await stripe_server.behind.money(request.order_id) == money
    statuses = [each["status"] for each in await stripe_server.behind.intents(request.order_id)]
    # An intent whose create was answered with a failure is left behind unconfirmed: it takes nothing.
    orphans = name == "create" and answer.get("effect", False)
    assert statuses.count("requires_confirmation") == orphans
    assert len(statuses) == 1 + orphans


@pytest.mark.parametrize("effect", [False, True])
@pytest.mark.parametrize("times", [2, 3])
async def test_given_failures_that_are_kept_one_after_another_then_each_gets_a_key_of_its_own(
    at_once: StripePaymentGateway, stripe_server: StripeProxy, times: int, effect: bool
) -> None:
    request = a_charge()
    stripe_server.fail("POST /v1/refunds", "status", remaining=times - 1)
    stripe_server.fail("POST /v1/refunds", "status", remaining=1, effect=effect)
    assert len(await repeated(lambda: undo(at_once, request))) == times
    keys = [call.key for call in stripe_server.called("POST /v1/refunds")]
    assert len(keys) == len(set(keys)) == times + (not effect)
    assert await stripe_server.behind.money(request.order_id) == RETURNED


async def test_given_a_lost_call_or_a_load_balancers_502_then_the_key_stays(
    at_once: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    made = await at_once.charge(a_charge())
    asked = a_refund(made, 300)
    stripe_server.fail("POST /v1/refunds", "lost_request")
    stripe_server.fail("POST /v1/refunds", "late_effect")
    stripe_server.fail("POST /v1/refunds", "status", status=502, saved=False, body="<html>Bad Gateway</html>")
    assert len(await repeated(lambda: at_once.refund(asked))) == 3
    assert {call.key for call in stripe_server.called("POST /v1/refunds")} == {f"{asked.key}:1"}
    await stripe_server.deliver()
    assert (await stripe_server.behind.money()).refunded == 300


async def test_given_two_processes_and_a_kept_failure_then_they_use_the_same_new_key_and_money_goes_back_once(
    pool: asyncpg.Pool, stripe_server: StripeProxy
) -> None:
    apis = [StripeApi(API_KEY, stripe_server.address, timeout=60) for _ in range(3)]
    processes = [StripePaymentGateway(pool, api) for api in apis]
    made = await processes[0].charge(a_charge())
    asked = a_refund(made, 300)
    stripe_server.fail("POST /v1/refunds", "status", remaining=3)
    await asyncio.gather(*(repeated(lambda each=each: each.refund(asked)) for each in processes))  # type: ignore[misc]
    assert await stripe_server.behind.money() == Money(1, 1000, 1, 300)
    for api in apis:
        await api.close()


async def test_given_a_refusal_that_was_mended_at_stripe_then_the_next_request_is_not_told_the_old_one(
    at_once: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    request = a_charge()
    stripe_server.fail("POST /v1/payment_intents$", "status", status=400, error={"type": "invalid_request_error"})
    with pytest.raises(GatewayMisconfigured):
        await at_once.charge(request)
    assert (await at_once.charge(request)).amount == 1000
