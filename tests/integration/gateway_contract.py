"""What every payment and every shipping gateway must do: subclass with fixtures for a gateway and run it.

Keys and order ids are new in each test, so that a gateway with a memory, such as a provider's test mode, can be
run through it as well.
"""

import asyncio
from dataclasses import replace

import pytest

from activities.gateways.protocols import (
    Charge,
    ChargeRequest,
    DefiniteRefusal,
    IdempotencyConflict,
    KeyVoided,
    LabelRequest,
    PaymentDeclined,
    PaymentGateway,
    PaymentNotFound,
    Refund,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
    RefundRequest,
    ShippingGateway,
    ShippingUnavailable,
    Voided,
)
from tests.integration.gateway_requests import a_charge, a_parcel, a_refund, new_key

RACES = 30


class PaymentGatewayContract:
    """Give it the fixtures `payments` (the gateway) and `declined` (a charge the gateway declines)."""

    async def test_given_a_charge_when_repeated_then_the_answer_is_the_same(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        assert (charge.key, charge.amount, charge.currency) == (request.key, 1000, "USD")
        assert await payments.charge(request) == charge
        assert await payments.find(request.key) == charge

    async def test_given_one_charge_asked_for_many_times_at_once_then_there_is_one(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charges = await asyncio.gather(*(payments.charge(request) for _ in range(8)))
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
        charge = await payments.charge(request)
        await payments.refund(a_refund(charge, 300))
        assert (await payments.void(request.key, "cancelled")).amount_returned == 700

    async def test_given_all_refunded_when_voided_then_nothing_more_is_returned(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        await payments.refund(a_refund(charge, 1000))
        assert await payments.void(request.key, "cancelled") == Voided(request.key, charge.payment_id, None, 0)

    async def test_given_charge_and_void_at_once_then_it_is_charged_and_returned_or_never_charged(
        self, payments: PaymentGateway
    ) -> None:
        async def race() -> None:
            request = a_charge()
            charged, voided = await asyncio.gather(
                payments.charge(request), payments.void(request.key, "cancelled"), return_exceptions=True
            )
            assert isinstance(voided, Voided)
            found = await payments.find(request.key)
            if isinstance(charged, Charge):
                assert (voided.payment_id, voided.amount_returned) == (charged.payment_id, 1000)
                assert found == replace(charged, refunded_amount=1000)
            else:
                assert isinstance(charged, KeyVoided)
                assert (voided.payment_id, found) == (None, None)

        await asyncio.gather(*(race() for _ in range(RACES)))

    async def test_given_voids_and_a_refund_at_once_then_no_more_goes_back_than_was_charged(
        self, payments: PaymentGateway
    ) -> None:
        async def race() -> None:
            request = a_charge()
            charge = await payments.charge(request)
            refund, *voids = await asyncio.gather(
                payments.refund(a_refund(charge, 300)),
                *(payments.void(request.key, "cancelled") for _ in range(3)),
                return_exceptions=True,
            )
            [voided] = set(voids)
            assert isinstance(voided, Voided)
            assert isinstance(refund, Refund | RefundExceedsCharge)
            assert voided.amount_returned == (700 if isinstance(refund, Refund) else 1000)
            assert await payments.find(request.key) == replace(charge, refunded_amount=1000)

        await asyncio.gather(*(race() for _ in range(RACES)))

    async def test_given_a_refund_when_repeated_then_it_counts_once(self, payments: PaymentGateway) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        asked = a_refund(charge, 400)
        refund = await payments.refund(asked)
        assert refund == Refund(refund.refund_id, charge.payment_id, 400)
        assert await payments.find_refund(asked.key) == refund
        assert await payments.refund(replace(asked, reason="in other words")) == refund
        assert await payments.find(request.key) == replace(charge, refunded_amount=400)

    async def test_given_a_refund_when_its_key_comes_with_other_content_then_it_conflicts(
        self, payments: PaymentGateway
    ) -> None:
        charge, other = await payments.charge(a_charge()), await payments.charge(a_charge())
        asked = a_refund(charge, 400)
        await payments.refund(asked)
        for changed in (replace(asked, amount=401), replace(asked, payment_id=other.payment_id)):
            with pytest.raises(IdempotencyConflict):
                await payments.refund(changed)

    async def test_given_a_refund_above_what_is_left_then_it_is_refused_with_the_figures(
        self, payments: PaymentGateway
    ) -> None:
        charge = await payments.charge(a_charge())
        await payments.refund(a_refund(charge, 400))
        with pytest.raises(RefundExceedsCharge) as refusal:
            await payments.refund(a_refund(charge, 601))
        facts = refusal.value
        assert (facts.payment_id, facts.charged, facts.refunded, facts.requested) == (charge.payment_id, 1000, 400, 601)

    async def test_given_refunds_of_one_charge_at_once_then_their_sum_is_never_above_it(
        self, payments: PaymentGateway
    ) -> None:
        request = a_charge()
        charge = await payments.charge(request)
        outcomes = await asyncio.gather(
            *(payments.refund(a_refund(charge, 300)) for _ in range(8)), return_exceptions=True
        )
        assert sum(isinstance(outcome, Refund) for outcome in outcomes) == 3
        assert sum(isinstance(outcome, RefundExceedsCharge) for outcome in outcomes) == 5
        assert await payments.find(request.key) == replace(charge, refunded_amount=900)

    async def test_given_one_refund_asked_for_many_times_at_once_then_there_is_one(
        self, payments: PaymentGateway
    ) -> None:
        charge = await payments.charge(a_charge())
        asked = a_refund(charge, 300)
        assert len(set(await asyncio.gather(*(payments.refund(asked) for _ in range(8))))) == 1

    async def test_given_an_unknown_payment_when_refunded_then_it_is_refused(self, payments: PaymentGateway) -> None:
        with pytest.raises(PaymentNotFound):
            await payments.refund(RefundRequest(new_key(), "no-such-payment", 1, "USD", "returned"))

    async def test_given_another_currency_than_charged_when_refunded_then_it_is_refused(
        self, payments: PaymentGateway
    ) -> None:
        charge = await payments.charge(a_charge())
        with pytest.raises(RefundCurrencyMismatch):
            await payments.refund(replace(a_refund(charge, 1), currency="EUR"))


class ShippingGatewayContract:
    """Give it the fixtures `shipping` (the gateway) and `refused` (a parcel the gateway does not take)."""

    async def test_given_a_label_when_asked_again_then_it_is_the_same(self, shipping: ShippingGateway) -> None:
        request = a_parcel()
        label = await shipping.create(request)
        assert all((label.shipment_id, label.tracking_number, label.carrier))
        assert await shipping.create(request) == label
        assert await shipping.find(request.key) == label

    async def test_given_two_parcels_then_their_labels_differ(self, shipping: ShippingGateway) -> None:
        one, other = await shipping.create(a_parcel()), await shipping.create(a_parcel())
        assert one.shipment_id != other.shipment_id
        assert one.tracking_number != other.tracking_number

    async def test_given_a_label_when_its_key_comes_with_another_recipient_then_it_conflicts(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        await shipping.create(request)
        moved = replace(request, recipient=replace(request.recipient, line1="Main Street 2"))
        for changed in (moved, replace(request, units=4), replace(request, order_id="x")):
            with pytest.raises(IdempotencyConflict):
                await shipping.create(changed)

    async def test_given_a_refused_parcel_when_asked_again_then_it_is_refused_alike(
        self, shipping: ShippingGateway, refused: LabelRequest
    ) -> None:
        reasons = []
        for _ in range(2):
            with pytest.raises(ShippingUnavailable) as refusal:
                await shipping.create(refused)
            reasons.append(refusal.value.reason)
        assert reasons[0] == reasons[1]
        assert await shipping.find(refused.key) is None
        assert await shipping.void(refused.key, "cancelled") is False

    async def test_given_a_label_when_voided_twice_then_both_answers_say_it_existed(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        await shipping.create(request)
        assert await shipping.void(request.key, "cancelled") is True
        assert await shipping.void(request.key, "again") is True
        assert await shipping.find(request.key) is None
        with pytest.raises(KeyVoided):
            await shipping.create(request)

    async def test_given_a_key_voided_before_any_label_then_the_late_one_is_refused(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        assert await shipping.void(request.key, "cancelled") is False
        with pytest.raises(KeyVoided):
            await shipping.create(request)
        assert await shipping.void(request.key, "cancelled") is False

    async def test_given_create_and_void_at_once_then_no_label_stays_live(self, shipping: ShippingGateway) -> None:
        async def race() -> None:
            request = a_parcel()
            created, existed = await asyncio.gather(
                shipping.create(request), shipping.void(request.key, "cancelled"), return_exceptions=True
            )
            assert existed is not isinstance(created, DefiniteRefusal)
            assert await shipping.find(request.key) is None

        await asyncio.gather(*(race() for _ in range(RACES)))
