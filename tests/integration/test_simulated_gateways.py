"""The simulated gateways: the contract of all gateways, then their limits and fault switches."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from gateways.books import CurrencyTotal, GatewayBooks
from gateways.errors import GatewayUnavailable, KeyVoided, PaymentDeclined, ShippingUnavailable
from gateways.payments import Charge, ChargeRequest
from gateways.shipping import LabelRequest
from gateways.simulated import (
    Faults,
    Operation,
    SimulatedPaymentGateway,
    SimulatedShippingGateway,
    SimulationSettings,
)
from tests.integration.gateway_contract import PaymentGatewayContract
from tests.integration.gateway_requests import a_charge, a_parcel, a_refund, new_key
from tests.integration.shipping_contract import ShippingGatewayContract

LIMITS = SimulationSettings(decline_above=10_000, unavailable_above_units=50)


@pytest.fixture
def payments(pool: asyncpg.Pool) -> SimulatedPaymentGateway:
    return SimulatedPaymentGateway(pool, LIMITS)


@pytest.fixture
def shipping(pool: asyncpg.Pool) -> SimulatedShippingGateway:
    return SimulatedShippingGateway(pool, LIMITS)


@pytest.fixture
def declined() -> ChargeRequest:
    return a_charge(10_001)


@pytest.fixture
def refused() -> LabelRequest:
    return a_parcel(51)


@pytest.fixture
def faults(pool: asyncpg.Pool) -> Faults:
    return Faults(pool)


@pytest.fixture
def ledger(pool: asyncpg.Pool) -> GatewayBooks:
    return GatewayBooks(pool)


class TestSimulatedPaymentGateway(PaymentGatewayContract):
    pass


class TestSimulatedShippingGateway(ShippingGatewayContract):
    pass


class TestLimits:
    async def test_given_totals_up_to_the_limit_then_they_are_charged(self, payments: SimulatedPaymentGateway) -> None:
        assert (await payments.charge(a_charge(10_000))).amount == 10_000
        assert (await payments.charge(a_charge(0))).amount == 0

    async def test_given_a_decline_when_the_limit_is_lifted_then_the_key_stays_declined(
        self, pool: asyncpg.Pool, payments: SimulatedPaymentGateway, declined: ChargeRequest
    ) -> None:
        with pytest.raises(PaymentDeclined) as refusal:
            await payments.charge(declined)
        assert refusal.value.code == "amount_above_limit"
        lifted = SimulatedPaymentGateway(pool)
        with pytest.raises(PaymentDeclined):
            await lifted.charge(declined)
        assert (await lifted.charge(replace(declined, key=new_key()))).amount == 10_001

    async def test_given_a_decline_when_a_higher_attempt_is_made_then_the_limit_of_that_time_decides_once(
        self, pool: asyncpg.Pool, payments: SimulatedPaymentGateway, declined: ChargeRequest
    ) -> None:
        for attempt in (1, 2):
            with pytest.raises(PaymentDeclined):
                await payments.charge(replace(declined, attempt=attempt))
        lifted = SimulatedPaymentGateway(pool)
        with pytest.raises(PaymentDeclined):
            await lifted.charge(replace(declined, attempt=2))
        again = replace(declined, attempt=3)
        charges = await asyncio.gather(*(lifted.charge(again) for _ in range(5)))
        assert {charge.payment_id for charge in charges} == {charges[0].payment_id}
        assert await lifted.charge(replace(declined, attempt=4)) == charges[0], "a charge is never made again"

    async def test_given_more_units_than_the_limit_then_shipping_is_unavailable(
        self, shipping: SimulatedShippingGateway, refused: LabelRequest
    ) -> None:
        await shipping.create(a_parcel(50))
        with pytest.raises(ShippingUnavailable, match="Shipping unavailable"):
            await shipping.create(refused)


class TestFaults:
    async def test_given_an_outage_of_two_calls_then_they_fail_without_effect_and_the_third_succeeds(
        self, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "unavailable", remaining=2, delay_seconds=1.5)
        request = a_charge()
        for _ in range(2):
            with pytest.raises(GatewayUnavailable) as outage:
                await payments.charge(request)
            assert outage.value.retry_after == 1.5
            assert await payments.find(request.key) is None
        assert (await payments.charge(request)).amount == 1000

    async def test_given_calls_at_once_then_exactly_as_many_fail_as_the_switch_says(
        self, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "unavailable", remaining=5)
        outcomes = await asyncio.gather(*(payments.charge(a_charge()) for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(outcome, GatewayUnavailable) for outcome in outcomes) == 5
        assert sum(isinstance(outcome, Charge) for outcome in outcomes) == 15

    async def test_given_a_lost_reply_then_the_effect_is_there_and_the_retry_finds_it(
        self, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "lost_reply", remaining=1)
        request = a_charge()
        with pytest.raises(GatewayUnavailable):
            await payments.charge(request)
        taken = await payments.find(request.key)
        assert taken is not None
        assert await payments.charge(request) == taken

    async def test_given_lost_replies_to_undoing_then_money_and_label_go_back_once(
        self,
        payments: SimulatedPaymentGateway,
        shipping: SimulatedShippingGateway,
        faults: Faults,
        ledger: GatewayBooks,
    ) -> None:
        request, parcel = a_charge(), a_parcel()
        charge = await payments.charge(request)
        await shipping.create(parcel)
        for operation in ("payment.void", "payment.refund", "shipping.void"):
            await faults.set(operation, "lost_reply", remaining=1)
        for attempt in (
            lambda: payments.refund(replace(a_refund(charge, 400), key=request.key)),
            lambda: payments.void(request.key, "cancelled"),
            lambda: shipping.void(parcel.key, "cancelled"),
        ):
            with pytest.raises(GatewayUnavailable):
                await attempt()
            await attempt()
        assert await ledger.totals() == [CurrencyTotal("USD", 1000, 1000)]
        assert await shipping.find(parcel.key) is None

    async def test_given_a_charge_that_hangs_when_its_key_is_voided_then_the_late_charge_is_refused(
        self, pool: asyncpg.Pool, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "hang", remaining=1, delay_seconds=1.0)
        request = a_charge()
        late = asyncio.create_task(payments.charge(request))
        async with asyncio.timeout(20):
            # The awaited condition is a commit of another connection, which sets no event here.
            while await pool.fetchval("select remaining from simulated.faults") != 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await payments.void(request.key, "cancelled")
        assert not late.done()
        with pytest.raises(KeyVoided):
            await late

    async def test_given_late_effects_then_they_are_seen_when_delivered_once_and_not_where_repeated_or_voided(
        self,
        payments: SimulatedPaymentGateway,
        shipping: SimulatedShippingGateway,
        faults: Faults,
        ledger: GatewayBooks,
    ) -> None:
        await faults.set("payment.charge", "late_effect", remaining=3)
        await faults.set("shipping.create", "late_effect", remaining=1)
        late, repeated, voided, parcel = a_charge(500), a_charge(600), a_charge(700), a_parcel()
        for attempt in (*map(payments.charge, (late, repeated, voided)), shipping.create(parcel)):
            with pytest.raises(GatewayUnavailable):
                await attempt
        assert await ledger.books() == []
        await payments.charge(repeated)
        await payments.void(voided.key, "cancelled")
        assert await faults.deliver() == ["payment.charge"] * 3 + ["shipping.create"]
        assert await faults.deliver() == []
        assert await ledger.totals() == [CurrencyTotal("USD", 1100, 0)]
        found = await payments.find(late.key)
        assert found is not None
        assert await payments.charge(late) == found
        assert await shipping.find(parcel.key) == await shipping.create(parcel)

    @pytest.mark.parametrize("operation", ["shipping.create", "shipping.void"])
    async def test_given_an_outage_of_shipping_then_only_that_operation_fails_until_it_is_cleared(
        self, shipping: SimulatedShippingGateway, faults: Faults, operation: Operation
    ) -> None:
        await faults.set(operation, "unavailable")
        parcel = a_parcel()
        outcomes = [
            await asyncio.gather(call, return_exceptions=True)
            for call in (shipping.create(parcel), shipping.void(parcel.key, "cancelled"))
        ]
        failed = [isinstance(outcome, GatewayUnavailable) for [outcome] in outcomes]
        assert failed == [operation == "shipping.create", operation == "shipping.void"]
        await faults.clear(operation)
        await shipping.void(parcel.key, "cancelled")

    async def test_given_a_probability_of_zero_or_all_switches_cleared_then_nothing_fails(
        self, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "unavailable", probability=0.0)
        await payments.charge(a_charge())
        await faults.set("payment.charge", "unavailable")
        await faults.set("payment.void", "unavailable")
        await faults.clear()
        await payments.void((await payments.charge(a_charge())).key, "cancelled")

    async def test_given_a_probability_of_one_half_then_some_calls_fail_and_some_do_not(
        self, payments: SimulatedPaymentGateway, faults: Faults
    ) -> None:
        await faults.set("payment.charge", "unavailable", probability=0.5)
        outcomes = await asyncio.gather(*(payments.charge(a_charge()) for _ in range(100)), return_exceptions=True)
        assert 10 < sum(isinstance(outcome, GatewayUnavailable) for outcome in outcomes) < 90

    @pytest.mark.parametrize("wrong", [{"probability": 1.1}, {"remaining": -1}, {"delay_seconds": -1.0}])
    async def test_given_a_switch_that_makes_no_sense_then_it_is_refused(
        self, faults: Faults, wrong: dict[str, float]
    ) -> None:
        with pytest.raises(asyncpg.CheckViolationError):
            await faults.set("payment.charge", "hang", **wrong)  # type: ignore[arg-type]
