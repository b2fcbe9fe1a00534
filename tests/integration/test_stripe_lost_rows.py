"""A ledger that has lost rows of charges, as after a fail-over: Stripe is searched, and no money is kept or charged
twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from gateways.errors import KeyVoided, PaymentDeclined
from gateways.payments import ChargeRequest
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, a_refund

CHARGED, RETURNED = Money(charges=1, charged=1000), Money(charges=1, charged=1000, refunds=1, refunded=1000)
DECLINED = "pm_card_chargeCustomerFail"


@pytest.fixture
def payments(pool: asyncpg.Pool, stripe_api: StripeApi) -> StripePaymentGateway:
    return StripePaymentGateway(pool, stripe_api)


async def lose(database_url: str) -> None:
    """Delete all rows, as the database's owner."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute("delete from gateways.stripe_refunds")
        await owner.execute("delete from gateways.stripe_charges")
    finally:
        await owner.close()


async def set_back(database_url: str, key: str, **columns: object) -> None:
    """Reset a row to an earlier state, as the database's owner."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute("alter table gateways.stripe_charges disable trigger stripe_charges_forward")
        for name, value in columns.items():
            await owner.execute(f"update gateways.stripe_charges set {name} = $2 where key = $1", key, value)
        await owner.execute("alter table gateways.stripe_charges enable trigger stripe_charges_forward")
    finally:
        await owner.close()


@pytest.fixture(params=["searched", "listed"])
def found_by(stripe_server: StripeProxy, request: pytest.FixtureRequest) -> str:
    """Way in which Stripe finds an intent: by search alone for old ones, by the list alone while the search lags."""
    stripe_server.search_is_behind = request.param == "listed"
    stripe_server.long_ago = request.param == "searched"
    return str(request.param)


@pytest.mark.usefixtures("found_by")
class TestUndo:
    async def test_given_a_lost_row_when_the_charge_is_undone_then_the_money_goes_back_once(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        await lose(database_url)
        voided = await payments.void(request.key, "for the test")
        assert (voided.payment_id, voided.amount_returned) == (charge.payment_id, 1000)
        assert await payments.void(request.key, "for the test") == voided
        assert await stripe_server.behind.money(request.order_id) == RETURNED
        with pytest.raises(KeyVoided):
            await payments.charge(request)

    async def test_given_money_that_is_held_and_a_lost_row_when_it_is_undone_then_it_is_held_no_longer(
        self, pool: asyncpg.Pool, stripe_api: StripeApi, stripe_server: StripeProxy, database_url: str
    ) -> None:
        payments, request = StripePaymentGateway(pool, stripe_api, with_label=True), a_charge()
        await payments.charge(request)
        await lose(database_url)
        await payments.void(request.key, "for the test")
        assert await stripe_server.behind.money(request.order_id) == Money()

    async def test_given_a_row_that_has_lost_its_intent_when_it_is_undone_then_the_money_goes_back(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        await payments.charge(request)
        await set_back(database_url, request.key, state="new", intent_id=None)
        assert (await payments.void(request.key, "for the test")).amount_returned == 1000
        assert await stripe_server.behind.money(request.order_id) == RETURNED

    async def test_given_a_row_set_back_to_a_decline_when_it_is_undone_then_the_later_charge_goes_back(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        with pytest.raises(PaymentDeclined):
            await payments.charge(replace(request, payment_method=DECLINED))
        [declined] = await stripe_server.behind.intents(request.order_id)
        await payments.charge(replace(request, attempt=2))
        await set_back(
            database_url,
            request.key,
            **{
                "attempt": 1,
                "intent_id": declined["id"],
                "decline_code": "x",
                "decline_reason": "y",
                "state": "declined",
            },
        )
        assert (await payments.void(request.key, "for the test")).amount_returned == 1000
        assert await stripe_server.behind.money(request.order_id) == RETURNED

    async def test_given_no_charge_at_all_when_it_is_undone_then_nothing_goes_back(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy
    ) -> None:
        other, request = a_charge(), a_charge()
        await payments.charge(other)
        assert (await payments.void(request.key, "for the test")).payment_id is None
        assert await stripe_server.behind.money() == CHARGED

    async def test_given_a_key_with_quotes_then_it_is_found_and_no_other_is(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = replace(a_charge(), key="o'1\\' OR amount>0:charge-payment")
        await payments.charge(request)
        await lose(database_url)
        assert (await payments.void(request.key, "for the test")).amount_returned == 1000

    async def test_given_a_lost_row_when_a_part_is_refunded_then_it_goes_back_once(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        refund = a_refund(charge, 400)
        first = await payments.refund(refund)
        await lose(database_url)
        assert await payments.refund(refund) == first
        assert await stripe_server.behind.money(request.order_id) == Money(1, 1000, 1, 400)


class TestCharge:
    async def test_given_a_lost_row_when_the_charge_is_repeated_then_it_is_the_same_and_stripe_is_not_searched(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        assert not stripe_server.called("GET .*(search|created)")
        await lose(database_url)
        assert await payments.charge(request) == charge
        assert await stripe_server.behind.money(request.order_id) == CHARGED

    async def test_given_a_lost_row_of_money_that_went_back_when_the_charge_is_repeated_then_it_is_not_taken_for_paid(
        self, payments: StripePaymentGateway, stripe_server: StripeProxy, database_url: str
    ) -> None:
        request = a_charge()
        await payments.charge(request)
        await payments.void(request.key, "for the test")
        await lose(database_url)
        assert (await payments.charge(request)).refunded_amount == 1000
        assert await stripe_server.behind.money(request.order_id) == RETURNED

    @pytest.mark.parametrize(
        "again", [{"attempt": 2}, {"placed_at": datetime.now(UTC) - timedelta(days=2)}], ids=["retried", "old"]
    )
    @pytest.mark.usefixtures("found_by")
    async def test_given_a_lost_row_and_a_key_that_stripe_has_forgotten_when_it_is_repeated_then_it_is_charged_once(
        self,
        payments: StripePaymentGateway,
        stripe_server: StripeProxy,
        database_url: str,
        again: dict[str, object],
    ) -> None:
        request: ChargeRequest = a_charge()
        charge = await payments.charge(request)
        await lose(database_url)
        stripe_server.forget()
        assert await payments.charge(replace(request, **again)) == charge  # type: ignore[arg-type]
        assert await stripe_server.behind.money(request.order_id) == CHARGED
