"""The Stripe gateway against localstripe behind the proxy: the contract of all gateways, and Stripe's own cases."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from gateways.errors import AmountNotSupported, GatewayUnavailable, KeyVoided, PaymentDeclined, RefundExceedsCharge
from gateways.payments import ChargeRequest, Voided
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_contract import PaymentGatewayContract
from tests.integration.gateway_requests import a_charge, a_refund

DECLINED = "pm_card_chargeCustomerFail"
AUTHENTICATING = {"number": "4000002500003155", "exp_month": 12, "exp_year": 2030, "cvc": "123"}


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


@pytest.fixture
def declined() -> ChargeRequest:
    return replace(a_charge(), payment_method=DECLINED)


async def state_of(pool: asyncpg.Pool, key: str) -> str | None:
    state: str | None = await pool.fetchval("select state from gateways.stripe_charges where key = $1", key)
    return state


class TestStripePaymentGateway(PaymentGatewayContract):
    pass


class TestCharges:
    async def test_given_a_charge_then_its_intent_is_stored_before_it_is_confirmed_under_keys_of_its_attempt(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, pool: asyncpg.Pool
    ) -> None:
        request = replace(a_charge(), attempt=3)
        stripe_server.fail("confirm", "lost_request")
        with pytest.raises(GatewayUnavailable):
            await payments.charge(request)
        stored = await pool.fetchrow("select * from gateways.stripe_charges where key = $1", request.key)
        assert stored is not None
        [intent] = await stripe_server.behind.intents(request.order_id)
        assert (stored["state"], stored["intent_id"], intent["status"]) == (
            "created",
            intent["id"],
            "requires_confirmation",
        )
        assert intent["metadata"] == {"orderId": request.order_id, "key": request.key}
        await payments.charge(request)
        keys = {call.key for call in stripe_server.called("POST")}
        assert keys == {f"{request.key}:3:create", f"{request.key}:3:confirm"}

    async def test_given_a_decline_when_the_attempt_rises_then_there_is_a_new_intent_and_the_old_one_is_dead(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, declined: ChargeRequest, pool: asyncpg.Pool
    ) -> None:
        with pytest.raises(PaymentDeclined) as refusal:
            await payments.charge(declined)
        assert (refusal.value.code, refusal.value.reason) == ("card_declined", "Your card was declined.")
        again = replace(declined, payment_method="pm_card_visa")
        with pytest.raises(PaymentDeclined):
            await payments.charge(again)
        assert len(await stripe_server.behind.intents(declined.order_id)) == 1
        charge = await payments.charge(replace(again, attempt=2))
        statuses = {each["id"]: each["status"] for each in await stripe_server.behind.intents(declined.order_id)}
        assert sorted(statuses.values()) == ["canceled", "succeeded"]
        assert statuses[charge.payment_id] == "succeeded"
        assert await payments.find(declined.key) == charge

    async def test_given_an_attempt_that_rises_without_a_decline_then_the_intent_stays_the_one(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = a_charge()
        stripe_server.fail("confirm", "lost_request")
        with pytest.raises(GatewayUnavailable):
            await payments.charge(request)
        await payments.charge(replace(request, attempt=2))
        assert await stripe_server.behind.money() == Money(charges=1, charged=1000)
        assert len(await stripe_server.behind.intents()) == 1

    async def test_given_no_means_of_payment_then_it_is_declined_and_stripe_is_not_asked(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = replace(a_charge(), payment_method=None)
        for attempt in (1, 1, 2):
            with pytest.raises(PaymentDeclined) as refusal:
                await payments.charge(replace(request, attempt=attempt))
            assert refusal.value.code == "no_payment_method"
        assert stripe_server.calls == []
        assert (await payments.charge(replace(request, payment_method="pm_card_visa", attempt=3))).amount == 1000

    async def test_given_a_bank_that_wants_the_customer_then_it_is_declined_and_nothing_can_be_taken_later(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        form = {f"card[{name}]": value for name, value in AUTHENTICATING.items()}
        method = await stripe_server.behind.ask("POST", "/v1/payment_methods", type="card", **form)
        request = replace(a_charge(), payment_method=method["id"])
        for _ in range(2):
            with pytest.raises(PaymentDeclined) as refusal:
                await payments.charge(request)
            assert refusal.value.code == "authentication_required"
        [intent] = await stripe_server.behind.intents()
        assert intent["status"] == "canceled"

    async def test_given_a_total_of_nothing_then_it_is_charged_undone_and_found_without_stripe(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = replace(a_charge(0), payment_method=None)
        charge = await payments.charge(request)
        assert (charge.amount, charge.captured) == (0, True)
        assert await payments.charge(request) == await payments.find(request.key) == charge
        assert await payments.capture(request.key) == charge
        assert await payments.void(request.key, "cancelled") == Voided(request.key, charge.payment_id, None, 0)
        with pytest.raises(KeyVoided):
            await payments.charge(request)
        assert stripe_server.calls == []

    @pytest.mark.parametrize(("amount", "currency"), [(1234, "MGA"), (12_345, "KWD"), (100_000_000, "USD"), (5, "CLF")])
    async def test_given_an_amount_that_stripe_cannot_express_then_it_is_refused_and_nothing_is_begun(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, pool: asyncpg.Pool, amount: int, currency: str
    ) -> None:
        request = replace(a_charge(amount), currency=currency)
        with pytest.raises(AmountNotSupported):
            await payments.charge(request)
        assert stripe_server.calls == []
        assert await state_of(pool, request.key) is None

    async def test_given_a_currency_of_other_units_then_the_money_is_the_same_at_both_ends(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = replace(a_charge(500), currency="ISK")
        charge = await payments.charge(request)
        assert (charge.amount, (await stripe_server.behind.money()).charged) == (500, 50_000)
        await payments.refund(replace(a_refund(charge, 200), currency="ISK"))
        assert (await stripe_server.behind.money()).refunded == 20_000
        found = await payments.find(request.key)
        assert found is not None
        assert found.refunded_amount == 200
        assert (await payments.void(request.key, "cancelled")).amount_returned == 300

    async def test_given_an_order_id_that_fits_no_header_then_its_keys_still_hold(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = replace(a_charge(), key="заказ-1:charge-payment", order_id="заказ-1")
        stripe_server.fail("POST", "lost_reply", remaining=2)
        for _ in range(2):
            with pytest.raises(GatewayUnavailable):
                await payments.charge(request)
        await payments.charge(request)
        assert await stripe_server.behind.money("заказ-1") == Money(charges=1, charged=1000)


class TestUndoing:
    async def test_given_a_tombstone_when_a_create_is_answered_late_then_its_intent_is_cancelled(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, pool: asyncpg.Pool
    ) -> None:
        request = a_charge()
        create = stripe_server.fail("POST /v1/payment_intents$", "held")
        late = asyncio.create_task(payments.charge(request))
        await create.reached.wait()
        assert await payments.void(request.key, "cancelled") == Voided(request.key, None, None, 0)
        create.release.set()
        with pytest.raises(KeyVoided):
            await late
        [intent] = await stripe_server.behind.intents(request.order_id)
        assert intent["status"] == "canceled"
        assert await state_of(pool, request.key) == "voided"

    async def test_given_a_confirmation_that_is_answered_after_the_void_then_the_ledger_does_not_turn_back(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, pool: asyncpg.Pool
    ) -> None:
        request = a_charge()
        confirm = stripe_server.fail("confirm", "held")
        late = asyncio.create_task(payments.charge(request))
        await confirm.reached.wait()
        voided = await payments.void(request.key, "cancelled")
        confirm.release.set()
        assert (await late).payment_id == voided.payment_id
        assert voided.amount_returned == 1000
        assert await state_of(pool, request.key) == "returned"
        assert await payments.void(request.key, "again") == voided
        assert await stripe_server.behind.money() == Money(1, 1000, 1, 1000)

    async def test_given_a_refund_made_by_hand_when_voided_then_only_the_rest_is_requested_and_both_are_returned(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        await stripe_server.behind.ask("POST", "/v1/refunds", payment_intent=charge.payment_id, amount=400)
        assert (await payments.void(request.key, "cancelled")).amount_returned == 1000
        assert await stripe_server.behind.money() == Money(1, 1000, 2, 1000)

    @pytest.mark.parametrize("forgotten", [False, True])
    async def test_given_lost_replies_to_refunds_when_repeated_then_they_are_found_though_their_keys_are_forgotten(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, forgotten: bool
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        asked = a_refund(charge, 300)
        stripe_server.fail("POST /v1/refunds", "lost_reply", remaining=1)
        with pytest.raises(GatewayUnavailable):
            await payments.refund(asked)
        if forgotten:
            stripe_server.forget()
        found = await payments.find_refund(asked.key)
        assert await payments.refund(asked) == found
        stripe_server.fail("POST /v1/refunds", "lost_reply", remaining=1)
        with pytest.raises(GatewayUnavailable):
            await payments.void(request.key, "cancelled")
        if forgotten:
            stripe_server.forget()
        assert (await payments.void(request.key, "cancelled")).amount_returned == 700
        assert await stripe_server.behind.money() == Money(1, 1000, 2, 1000)

    async def test_given_a_voided_charge_when_refunded_then_it_is_refused_before_stripe_is_asked(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        stripe_server.fail("GET", "status", status=503)
        with pytest.raises(GatewayUnavailable):
            await payments.void(request.key, "cancelled")
        with pytest.raises(RefundExceedsCharge):
            await payments.refund(a_refund(charge, 1))
        assert not stripe_server.called("refunds")
