"""Contract of every payment gateway: subclass with fixtures for a gateway and run it.

Keys and order ids are new in each test, so that a gateway with a memory, such as a provider's test mode, can be tested
as well.
"""

import asyncio
from dataclasses import replace

import pytest

from gateways.errors import (
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
    PaymentNotFound,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
)
from gateways.payments import Charge, ChargeRequest, PaymentGateway, Refund, RefundRequest, Voided
from tests.integration.gateway_requests import a_charge, a_refund, new_key, persist

RACES = 30


async def taken(payments: PaymentGateway, request: ChargeRequest) -> Charge:
    """A captured charge: some gateways need a separate capture."""
    await payments.charge(request)
    return await payments.capture(request.key)


class PaymentGatewayContract:
    """Requires the fixtures `payments` (the gateway) and `declined` (a charge that the gateway declines)."""

    async def test_given_a_charge_when_repeated_then_the_answer_is_the_same(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        assert (charge.key, charge.amount, charge.currency) == (request.key, 1000, "USD")
        assert await payments.charge(request) == charge
        assert await payments.find(request.key) == charge

    async def test_given_a_payment_of_ours_then_it_has_no_changes(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        await payments.capture(request.key)
        await payments.refund(a_refund(charge, 300))
        assert list(await payments.changes(request.key, crediting=False)) == []

    async def test_given_one_charge_asked_for_many_times_at_once_then_there_is_one(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charges = await asyncio.gather(*(persist(lambda: payments.charge(request)) for _ in range(8)))
        assert len(set(charges)) == 1

    @pytest.mark.parametrize("other", [{"amount": 999}, {"currency": "EUR"}, {"order_id": "x"}, {"customer_id": "x"}])
    async def test_given_a_charge_when_its_key_comes_with_other_content_then_it_conflicts(
        self, payments: PaymentGateway, other: dict[str, object]
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        with pytest.raises(IdempotencyConflict) as refusal:
            await payments.charge(replace(request, **other))  # type: ignore[arg-type]
        assert refusal.value.key == request.key
        assert await payments.find(request.key) == charge

    async def test_given_a_declined_charge_when_repeated_then_it_is_declined_alike_and_no_money_is_taken(
        self, payments: PaymentGateway, declined: ChargeRequest
    ) -> None:
        refusals = []
        for _ in range(2):
            with pytest.raises(PaymentDeclined) as refusal:
                await payments.charge(declined)
            refusals.append((refusal.value.code, refusal.value.reason))
        assert refusals[0] == refusals[1]
        assert await payments.find(declined.key) is None

    async def test_given_a_charge_when_captured_twice_then_it_is_taken_once_and_voiding_returns_it(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        captured = await payments.capture(request.key)
        assert captured == replace(charge, captured=True)
        assert await payments.capture(request.key) == captured
        assert await payments.find(request.key) == captured
        assert (await payments.void(request.key, "cancelled")).amount_returned == 1000

    async def test_given_nothing_charged_when_captured_then_it_is_refused(
        self, payments: PaymentGateway, declined: ChargeRequest
    ) -> None:
        with pytest.raises(PaymentDeclined):
            await payments.charge(declined)
        for key in (new_key(), declined.key):
            with pytest.raises(PaymentNotFound):
                await payments.capture(key)

    async def test_given_a_voided_key_when_captured_then_it_is_refused_and_no_money_is_kept(
        self, payments: PaymentGateway
    ) -> None:
        request, never_charged = a_charge(), new_key()
        charge = await payments.charge(request)
        for key in (request.key, never_charged):
            await payments.void(key, "cancelled")
            with pytest.raises(KeyVoided):
                await payments.capture(key)
        found = await payments.find(request.key)
        assert found is not None
        assert found.refunded_amount == charge.amount

    async def test_given_capture_and_void_at_once_then_all_is_returned(self, payments: PaymentGateway) -> None:
        async def race() -> None:
            request = a_charge()
            await payments.charge(request)
            captured, voided = await asyncio.gather(
                persist(lambda: payments.capture(request.key)),
                persist(lambda: payments.void(request.key, "cancelled")),
                return_exceptions=True,
            )
            assert isinstance(captured, Charge | KeyVoided), repr(captured)
            assert isinstance(voided, Voided), repr(voided)
            assert voided.amount_returned == 1000

        await asyncio.gather(*(race() for _ in range(RACES)))

    async def test_given_no_charge_when_its_key_is_looked_up_then_there_is_none(self, payments: PaymentGateway) -> None:
        assert await payments.find(new_key()) is None
        assert await payments.find_refund(new_key()) is None

    async def test_given_a_charge_when_voided_twice_then_all_is_returned_once_and_the_answer_is_the_same(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        voided = await payments.void(request.key, "cancelled")
        assert voided.refund_id is not None
        assert voided == Voided(request.key, charge.payment_id, voided.refund_id, 1000)
        assert await payments.void(request.key, "again") == voided
        assert await payments.find(request.key) == replace(charge, refunded_amount=1000)

    async def test_given_a_key_voided_before_any_charge_then_the_late_charge_is_refused(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        assert await payments.void(request.key, "cancelled") == Voided(request.key, None, None, 0)
        with pytest.raises(KeyVoided) as refusal:
            await payments.charge(request)
        assert refusal.value.key == request.key
        assert await payments.find(request.key) is None
        assert await payments.void(request.key, "cancelled") == Voided(request.key, None, None, 0)

    async def test_given_a_voided_charge_when_charged_again_then_it_is_refused(self, payments: PaymentGateway) -> None:
        request = a_charge()
        await payments.charge(request)
        await payments.void(request.key, "cancelled")
        with pytest.raises(KeyVoided):
            await payments.charge(request)

    async def test_given_a_declined_charge_when_voided_then_nothing_is_returned(
        self, payments: PaymentGateway, declined: ChargeRequest
    ) -> None:
        with pytest.raises(PaymentDeclined):
            await payments.charge(declined)
        assert await payments.void(declined.key, "cancelled") == Voided(declined.key, None, None, 0)

    async def test_given_a_part_refunded_when_voided_then_only_the_rest_is_returned(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charge = await taken(payments, request)
        await payments.refund(a_refund(charge, 300))
        assert (await payments.void(request.key, "cancelled")).amount_returned == 700

    async def test_given_all_refunded_when_voided_then_nothing_more_is_returned(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await taken(payments, request)
        await payments.refund(a_refund(charge, 1000))
        assert await payments.void(request.key, "cancelled") == Voided(request.key, charge.payment_id, None, 0)

    async def test_given_charge_and_void_at_once_then_it_is_charged_and_returned_or_never_charged(
        self, payments: PaymentGateway
    ) -> None:
        async def race() -> None:
            request = a_charge()
            charged, voided = await asyncio.gather(
                persist(lambda: payments.charge(request)),
                persist(lambda: payments.void(request.key, "cancelled")),
                return_exceptions=True,
            )
            assert isinstance(voided, Voided), repr(voided)
            found = await payments.find(request.key)
            if isinstance(charged, Charge):
                assert (voided.payment_id, voided.amount_returned) == (charged.payment_id, 1000)
                assert found == replace(charged, refunded_amount=1000)
            else:
                assert isinstance(charged, KeyVoided), repr(charged)
                assert (voided.payment_id, found) == (None, None)

        await asyncio.gather(*(race() for _ in range(RACES)))

    async def test_given_voids_and_a_refund_at_once_then_no_more_goes_back_than_was_charged(
        self, payments: PaymentGateway
    ) -> None:
        async def race() -> None:
            request = a_charge()
            charge = await taken(payments, request)
            asked = a_refund(charge, 300)
            refund, *voids = await asyncio.gather(
                persist(lambda: payments.refund(asked)),
                *(persist(lambda: payments.void(request.key, "cancelled")) for _ in range(3)),
                return_exceptions=True,
            )
            assert all(isinstance(each, Voided) for each in voids), repr(voids)
            [voided] = set(voids)
            assert isinstance(voided, Voided)
            assert isinstance(refund, Refund | RefundExceedsCharge), repr(refund)
            assert voided.amount_returned == (700 if isinstance(refund, Refund) else 1000)
            assert await payments.find(request.key) == replace(charge, refunded_amount=1000)

        await asyncio.gather(*(race() for _ in range(RACES)))

    async def test_given_a_refund_when_repeated_then_it_counts_once(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await taken(payments, request)
        asked = a_refund(charge, 400)
        refund = await payments.refund(asked)
        assert refund == Refund(refund.refund_id, charge.payment_id, 400)
        assert await payments.find_refund(asked.key) == refund
        assert await payments.refund(replace(asked, reason="in other words")) == refund
        assert await payments.find(request.key) == replace(charge, refunded_amount=400)

    async def test_given_a_refund_when_its_key_comes_with_other_content_then_it_conflicts(
        self, payments: PaymentGateway
    ) -> None:
        charge, other = await taken(payments, a_charge()), await taken(payments, a_charge())
        asked = a_refund(charge, 400)
        await payments.refund(asked)
        for changed in (replace(asked, amount=401), replace(asked, payment_id=other.payment_id)):
            with pytest.raises(IdempotencyConflict):
                await payments.refund(changed)

    async def test_given_a_refund_above_what_is_left_then_it_is_refused_with_the_figures(
        self, payments: PaymentGateway
    ) -> None:
        charge = await taken(payments, a_charge())
        await payments.refund(a_refund(charge, 400))
        with pytest.raises(RefundExceedsCharge) as refusal:
            await payments.refund(a_refund(charge, 601))
        facts = refusal.value
        assert (facts.payment_id, facts.charged, facts.refunded, facts.requested) == (charge.payment_id, 1000, 400, 601)

    async def test_given_refunds_of_one_charge_at_once_then_their_sum_is_never_above_it(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charge = await taken(payments, request)
        outcomes = await asyncio.gather(
            *(payments.refund(a_refund(charge, 300)) for _ in range(8)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Refund) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, RefundExceedsCharge) for outcome in outcomes) == 5
        assert await payments.find(request.key) == replace(charge, refunded_amount=900)

    async def test_given_one_refund_asked_for_many_times_at_once_then_there_is_one(
        self, payments: PaymentGateway
    ) -> None:
        charge = await taken(payments, a_charge())
        asked = a_refund(charge, 300)
        assert len(set(await asyncio.gather(*(persist(lambda: payments.refund(asked)) for _ in range(8))))) == 1

    async def test_given_an_unknown_payment_when_refunded_then_it_is_refused(self, payments: PaymentGateway) -> None:
        with pytest.raises(PaymentNotFound):
            await payments.refund(RefundRequest(new_key(), "no-such-payment", 1, "USD", "returned"))

    async def test_given_another_currency_than_charged_when_refunded_then_it_is_refused(
        self, payments: PaymentGateway
    ) -> None:
        charge = await taken(payments, a_charge())
        with pytest.raises(RefundCurrencyMismatch):
            await payments.refund(replace(a_refund(charge, 1), currency="EUR"))
