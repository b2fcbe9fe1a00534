"""Authorised first, captured with the label: the contract of all gateways once more, captures and voids."""

from dataclasses import replace

import asyncpg
import pytest

from gateways.errors import AuthorisationExpired, GatewayUnavailable, KeyVoided, RefundExceedsCharge
from gateways.payments import ChargeRequest, Voided
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_contract import PaymentGatewayContract
from tests.integration.gateway_requests import a_charge, a_refund


@pytest.fixture
def holding(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api, with_label=True)


@pytest.fixture
def declined() -> ChargeRequest:
    return replace(a_charge(), payment_method="pm_card_chargeCustomerFail")


class TestWithTheLabel(PaymentGatewayContract):
    """Contract for a gateway that authorises first."""

    @pytest.fixture
    def payments(self, holding: StripePaymentGateway) -> StripePaymentGateway:
        return holding

    async def test_given_an_authorisation_then_the_money_is_held_until_it_is_captured(
        self, holding: StripePaymentGateway, stripe_server: StripeProxy, pool: asyncpg.Pool
    ) -> None:
        request = a_charge()
        charge = await holding.charge(request)
        assert not charge.captured
        assert await stripe_server.behind.money() == Money(held=1000)
        until = await pool.fetchval("select authorised_until - now() from gateways.stripe_charges")
        assert 4 <= until.days <= 7
        assert await holding.find(request.key) == charge
        assert await holding.capture(request.key) == replace(charge, captured=True)
        assert await stripe_server.behind.money() == Money(charges=1, charged=1000)

    async def test_given_an_authorisation_when_voided_then_it_is_released_and_the_held_amount_named(
        self, holding: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = a_charge()
        charge = await holding.charge(request)
        voided = await holding.void(request.key, "cancelled")
        assert voided == Voided(request.key, charge.payment_id, f"{charge.payment_id}:void", 1000)
        assert await holding.void(request.key, "again") == voided
        assert await stripe_server.behind.money() == Money()
        assert await holding.find(request.key) == replace(charge, refunded_amount=1000)
        with pytest.raises(KeyVoided):
            await holding.capture(request.key)

    async def test_given_an_authorisation_that_ran_out_when_captured_then_it_is_refused_for_good(
        self, holding: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = a_charge()
        charge = await holding.charge(request)
        await stripe_server.behind.ask("POST", f"/v1/payment_intents/{charge.payment_id}/cancel")
        with pytest.raises(AuthorisationExpired):
            await holding.capture(request.key)
        assert (await holding.void(request.key, "cancelled")).amount_returned == 1000
        assert await stripe_server.behind.money() == Money()

    @pytest.mark.parametrize("forgotten", [False, True])
    async def test_given_a_lost_reply_to_a_capture_when_repeated_then_it_is_taken_once(
        self, holding: StripePaymentGateway, stripe_server: StripeProxy, forgotten: bool
    ) -> None:
        request = a_charge()
        await holding.charge(request)
        stripe_server.fail("capture", "lost_reply")
        with pytest.raises(GatewayUnavailable):
            await holding.capture(request.key)
        if forgotten:
            stripe_server.forget()
        assert (await holding.capture(request.key)).captured
        assert await stripe_server.behind.money() == Money(charges=1, charged=1000)

    async def test_given_an_authorisation_when_refunded_then_there_is_nothing_to_give_back(
        self, holding: StripePaymentGateway
    ) -> None:
        charge = await holding.charge(a_charge())
        with pytest.raises(RefundExceedsCharge):
            await holding.refund(a_refund(charge, 1))
