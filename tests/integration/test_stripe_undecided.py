"""Stripe's late decisions: the contract of all gateways, and Stripe's own cases."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from gateways.errors import GatewayUnavailable, GatewayUndecided, RefundRefused, RefundUnderWay
from gateways.payments import ChargeRequest, RefundRequest
from gateways.stripe import intents
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_contract import taken
from tests.integration.gateway_requests import a_charge, a_refund
from tests.integration.undecided_contract import UndecidedContract

DISPUTED = {"type": "invalid_request_error", "code": "charge_disputed"}


@dataclass
class SteeredStripe:
    """Stripe, steered by the contract."""

    proxy: StripeProxy
    pool: asyncpg.Pool

    async def next_charge_waits(self) -> None:
        self.proxy.undecided.charge_waits = True

    async def next_refund_waits(self) -> None:
        self.proxy.undecided.refund_waits = "pending"

    async def next_refund_is_refused(self) -> None:
        self.proxy.fail("POST /v1/refunds", "status", status=400, error=DISPUTED)

    async def decide_charge(self, request: ChargeRequest, *, succeeds: bool) -> None:
        [intent] = await self.proxy.behind.intents(request.order_id)
        await self.proxy.decide(intent["id"], succeeds=succeeds)

    async def decide_refund(self, request: RefundRequest, *, succeeds: bool) -> None:
        await self._decide(request.key, succeeds=succeeds)

    async def decide_refund_of_void(self, request: ChargeRequest, *, succeeds: bool) -> None:
        await self._decide(f"{request.order_id}:refund-payment", succeeds=succeeds)

    async def _decide(self, key: str, *, succeeds: bool) -> None:
        [refund] = [each for each in await self.proxy.behind.refunds() if each["metadata"].get("key") == key]
        await self.proxy.decide(refund["id"], succeeds=succeeds)


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


@pytest.fixture
def provider(stripe_server: StripeProxy, pool: asyncpg.Pool) -> SteeredStripe:
    return SteeredStripe(stripe_server, pool)


class TestStripeUndecided(UndecidedContract):
    pass


async def test_given_a_payment_in_processing_for_longer_than_any_takes_then_a_person_is_named(
    payments: StripePaymentGateway, stripe_server: StripeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_charge()
    stripe_server.undecided.charge_waits = True
    pending = await payments.charge(request)
    assert pending.pending_until is not None
    assert timedelta(days=20) < pending.pending_until - datetime.now(UTC) < timedelta(days=23)
    monkeypatch.setattr(intents, "_LONGEST_PROCESSING", timedelta(0))
    with pytest.raises(GatewayUndecided, match="cancel the order"):
        await payments.charge(request)
    with pytest.raises(GatewayUndecided, match="ask Stripe"):
        await payments.void(request.key, "cancelled")


async def test_given_a_refund_that_waits_for_the_customer_when_given_up_then_it_is_cancelled_at_stripe(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    charge = await taken(payments, a_charge())
    asked = a_refund(charge, 600)
    stripe_server.undecided.refund_waits = "requires_action"
    assert (await payments.refund(asked)).pending
    await payments.close_refund(asked)
    assert await stripe_server.given_back(charge.payment_id) == 0
    assert (await payments.refund(a_refund(charge, 1000))).amount == 1000


async def test_given_a_lost_request_for_a_refund_when_given_up_then_it_is_only_where_stripe_has_not_made_it(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    charge = await taken(payments, a_charge())
    for kind, is_made in (("lost_reply", True), ("lost_request", False)):
        asked = a_refund(charge, 300)
        stripe_server.fail("POST /v1/refunds$", kind)  # type: ignore[arg-type]
        with pytest.raises(GatewayUnavailable):
            await payments.refund(asked)
        if is_made:
            with pytest.raises(RefundUnderWay):
                await payments.close_refund(asked)
            assert await payments.find_refund(asked.key) == await payments.refund(asked)
        else:
            await payments.close_refund(asked)
            assert await payments.find_refund(asked.key) is None
    assert await stripe_server.given_back(charge.payment_id) == 300


async def test_given_less_left_of_the_charge_than_stripes_list_shows_then_the_refund_is_refused_and_not_retried(
    payments: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    charge = await taken(payments, a_charge())
    error = {"type": "invalid_request_error", "param": "amount"}
    stripe_server.fail("POST /v1/refunds", "status", status=400, error=error)
    with pytest.raises(RefundRefused, match="less is left of the charge"):
        await payments.refund(a_refund(charge, 300))


async def test_given_a_refused_void_whose_money_was_returned_by_hand_then_nothing_is_left_to_give_up(
    pool: asyncpg.Pool, stripe_api: StripeApi, stripe_server: StripeProxy
) -> None:
    payments, request = StripePaymentGateway(pool, stripe_api), a_charge()
    charge = await taken(payments, request)
    await SteeredStripe(stripe_server, pool).next_refund_is_refused()
    with pytest.raises(GatewayUndecided):
        await payments.void(request.key, "cancelled")
    await stripe_server.behind.ask("POST", "/v1/refunds", payment_intent=charge.payment_id, amount=request.amount)
    with pytest.raises(RefundUnderWay, match="returned in the dashboard"):
        await payments.close_void(request.key)
    assert (await payments.void(request.key, "cancelled")).amount_returned == request.amount
