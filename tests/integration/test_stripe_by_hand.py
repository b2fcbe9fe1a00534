"""Refunds in Stripe's dashboard while a refund of ours fails: only the rest is requested."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from gateways.errors import GatewayError, GatewayUndecided, RefundFailed
from gateways.payments import Charge, Refund, RefundRequest, Voided
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from gateways.stripe.refund_credits import RefundRow
from gateways.stripe.refund_ledger import StripeRefundLedger
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, a_refund

LONG_AGO = datetime.now(UTC) - timedelta(hours=1)
LATER = datetime.now(UTC) + timedelta(hours=1)
FAILURES: list[dict[str, Any]] = [
    {"kind": "lost_request"},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 400, "error": {"type": "invalid_request_error", "code": "nonsense"}},
]


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


@pytest.fixture
async def charge(payments: StripePaymentGateway) -> Charge:
    """Charge of 10.00."""
    return await payments.charge(a_charge())


async def by_hand(server: StripeProxy, charge: Charge, amount: int) -> str:
    made = await server.behind.ask("POST", "/v1/refunds", payment_intent=charge.payment_id, amount=amount)
    return str(made["id"])


async def fails_to_refund(payments: StripePaymentGateway, request: RefundRequest) -> None:
    with pytest.raises(GatewayError):
        await payments.refund(request)


failing = pytest.mark.parametrize("how", FAILURES, ids=lambda how: f"{how.get('status', how['kind'])}")


@failing
async def test_given_a_part_by_hand_while_undoing_fails_then_the_rest_of_now_goes_back(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, how: dict[str, Any]
) -> None:
    stripe_server.fail("POST /v1/refunds", **how)
    with pytest.raises(GatewayError):
        await payments.void(charge.key, "cancelled")
    await by_hand(stripe_server, charge, 400)
    voided = await payments.void(charge.key, "cancelled")
    assert voided.amount_returned == 1000
    assert await payments.void(charge.key, "again") == voided
    refunds = [each["amount"] for each in await stripe_server.behind.refunds()]
    assert sorted(refunds) == [400, 600]


@failing
async def test_given_all_of_it_by_hand_while_undoing_fails_then_nothing_is_left_and_the_undoing_ends(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, how: dict[str, Any]
) -> None:
    stripe_server.fail("POST /v1/refunds", **how)
    with pytest.raises(GatewayError):
        await payments.void(charge.key, "cancelled")
    hand = await by_hand(stripe_server, charge, 1000)
    voided = await payments.void(charge.key, "cancelled")
    assert (voided.refund_id, voided.amount_returned) == (hand, 1000)
    assert len(await stripe_server.behind.refunds()) == 1


async def test_given_a_refund_by_hand_that_failed_too_then_undoing_asks_for_all_that_is_left(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    stripe_server.fail("POST /v1/refunds", "status")
    with pytest.raises(GatewayError):
        await payments.void(charge.key, "cancelled")
    stripe_server.bounced.add(await by_hand(stripe_server, charge, 400))
    assert (await payments.void(charge.key, "cancelled")).amount_returned == 1000
    assert await stripe_server.given_back(charge.payment_id) == 1000


async def test_given_an_undoing_whose_refund_failed_at_stripe_when_it_is_made_by_hand_then_it_ends(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    stripe_server.fail("POST /v1/refunds", "lost_reply")
    with pytest.raises(GatewayError):
        await payments.void(charge.key, "cancelled")
    [ours] = await stripe_server.behind.refunds()
    stripe_server.bounced.add(ours["id"])
    for given in (0, 300):
        if given:
            await by_hand(stripe_server, charge, given)
        with pytest.raises(GatewayUndecided, match="return the money in Stripe's dashboard"):
            await payments.void(charge.key, "cancelled")
    last = await by_hand(stripe_server, charge, 700)
    voided = await payments.void(charge.key, "cancelled")
    assert voided.amount_returned == 1000
    assert voided.refund_id in {each["id"] for each in await stripe_server.behind.refunds()} - {ours["id"]}, last
    assert await stripe_server.given_back(charge.payment_id) == 1000


@failing
async def test_given_a_requested_refund_that_fails_when_it_is_given_by_hand_then_it_is_not_given_again(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, how: dict[str, Any]
) -> None:
    asked = a_refund(charge, 700)
    stripe_server.fail("POST /v1/refunds", **how)
    await fails_to_refund(payments, asked)
    hand = await by_hand(stripe_server, charge, 700)
    settled = Refund(hand, charge.payment_id, 700)
    assert await payments.refund(asked) == settled
    assert await payments.refund(asked) == await payments.find_refund(asked.key) == settled
    assert await stripe_server.given_back(charge.payment_id) == 700


async def test_given_a_part_by_hand_since_the_request_then_the_customer_gets_as_much_as_was_requested(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    asked = a_refund(charge, 700)
    stripe_server.fail("POST /v1/refunds", "status")
    await fails_to_refund(payments, asked)
    await by_hand(stripe_server, charge, 300)
    assert (await payments.refund(asked)).amount == 700
    assert await stripe_server.given_back(charge.payment_id) == 700


async def test_given_money_by_hand_before_the_first_attempt_then_the_time_of_the_request_decides(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    await by_hand(stripe_server, charge, 300)
    earlier = await payments.refund(replace(a_refund(charge, 300), requested_at=LONG_AGO))
    assert (earlier.amount, await stripe_server.given_back(charge.payment_id)) == (300, 300)
    later = await payments.refund(replace(a_refund(charge, 300), requested_at=LATER))
    assert (later.amount, await stripe_server.given_back(charge.payment_id)) == (300, 600)


@pytest.mark.parametrize(("given", "back"), [(900, 100), (1000, 0)])
async def test_given_less_left_at_stripe_than_requested_then_what_is_left_is_given_and_said(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, given: int, back: int
) -> None:
    await by_hand(stripe_server, charge, given)
    asked = replace(a_refund(charge, 200), requested_at=LATER)
    refund = await payments.refund(asked)
    assert refund.amount == back
    assert await payments.refund(asked) == await payments.find_refund(asked.key) == refund
    assert await stripe_server.given_back(charge.payment_id) == 1000


async def test_given_two_requests_that_fail_and_one_of_them_by_hand_then_the_other_is_made(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    requests = [a_refund(charge, 300), a_refund(charge, 300)]
    stripe_server.fail("POST /v1/refunds", "status", remaining=2)
    for asked in requests:
        await fails_to_refund(payments, asked)
    await by_hand(stripe_server, charge, 300)
    for asked in reversed(requests):
        assert (await payments.refund(asked)).amount == 300
    assert await stripe_server.given_back(charge.payment_id) == 600


async def test_given_a_refund_that_failed_at_stripe_then_it_stays_closed_and_one_by_hand_is_not_credited_to_it(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    asked = a_refund(charge, 700)
    made = await payments.refund(asked)
    stripe_server.bounced.add(made.refund_id)
    assert await payments.find_refund(asked.key) is None
    for given in (0, 700):
        if given:
            await by_hand(stripe_server, charge, given)
        with pytest.raises(RefundFailed):
            await payments.refund(asked)
    assert await stripe_server.given_back(charge.payment_id) == 700


async def test_given_a_part_by_hand_while_our_call_is_lost_when_it_arrives_late_then_the_charge_is_never_exceeded(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge
) -> None:
    stripe_server.fail("POST /v1/refunds", "late_effect")
    with pytest.raises(GatewayError):
        await payments.void(charge.key, "cancelled")
    await by_hand(stripe_server, charge, 400)
    assert (await payments.void(charge.key, "cancelled")).amount_returned == 1000
    await stripe_server.deliver()
    assert await stripe_server.given_back(charge.payment_id) == 1000


async def test_given_an_undoing_that_another_one_overtakes_before_it_asks_then_both_have_the_same_answer(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_amount, overtaken = StripeRefundLedger.set_amount, list[Voided | None]()

    async def after_another(self: StripeRefundLedger, row: RefundRow, amount: int, given: int) -> RefundRow | None:
        if not overtaken:
            overtaken.append(None)
            overtaken[0] = await payments.void(charge.key, "cancelled")
        return await set_amount(self, row, amount, given)

    monkeypatch.setattr(StripeRefundLedger, "set_amount", after_another)
    assert [await payments.void(charge.key, "cancelled")] == overtaken
    assert len(await stripe_server.behind.refunds()) == 1


async def test_given_refunds_by_hand_without_webhooks_then_the_ledger_knows_them_after_the_next_look(
    payments: StripePaymentGateway, stripe_server: StripeProxy, charge: Charge, pool: asyncpg.Pool
) -> None:
    hand = await by_hand(stripe_server, charge, 400)
    await payments.void(charge.key, "cancelled")
    rows = await pool.fetch("select refund_id, amount, manual from gateways.stripe_refunds order by amount")
    assert [(row["amount"], row["manual"]) for row in rows] == [(400, True), (600, False)]
    assert rows[0]["refund_id"] == hand
