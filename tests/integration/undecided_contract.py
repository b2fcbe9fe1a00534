"""Contract of every payment gateway on decisions that its provider takes late, or against us: pending charges and refunds,
refused refunds, and refunds that a person gives up.

Requires the fixtures `payments` (the gateway) and `provider` (the other side, which a test steers).
"""

from dataclasses import replace
from typing import Protocol

import pytest

from gateways.errors import (
    GatewayUnavailable,
    GatewayUndecided,
    KeyVoided,
    PaymentDeclined,
    RefundFailed,
    RefundRefused,
    RefundUnderWay,
)
from gateways.payments import ChargeRequest, PaymentGateway, RefundRequest, Voided
from tests.integration.gateway_contract import taken
from tests.integration.gateway_requests import a_charge, a_refund


class Provider(Protocol):
    """The provider behind a gateway. next_*: how it takes the next new charge or refund."""

    async def next_charge_waits(self) -> None: ...
    async def next_refund_waits(self) -> None: ...
    async def next_refund_is_refused(self) -> None: ...
    async def decide_charge(self, request: ChargeRequest, *, succeeds: bool) -> None: ...
    async def decide_refund(self, request: RefundRequest, *, succeeds: bool) -> None: ...
    async def decide_refund_of_void(self, request: ChargeRequest, *, succeeds: bool) -> None: ...


class UndecidedContract:
    """Subclass with fixtures, as PaymentGatewayContract."""

    async def test_given_a_charge_that_the_provider_is_processing_then_it_is_pending_until_it_succeeds(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        request = a_charge()
        await provider.next_charge_waits()
        pending = await payments.charge(request)
        assert pending.pending_until is not None
        assert (pending.amount, pending.captured, pending.refunded_amount) == (1000, False, 0)
        assert await payments.charge(request) == pending
        assert await payments.find(request.key) is None
        await provider.decide_charge(request, succeeds=True)
        charge = await payments.charge(request)
        assert charge == replace(pending, captured=charge.captured, pending_until=None)
        assert await payments.find(request.key) == charge

    async def test_given_a_pending_charge_that_fails_then_it_is_declined_and_no_money_is_taken(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        request = a_charge()
        await provider.next_charge_waits()
        await payments.charge(request)
        await provider.decide_charge(request, succeeds=False)
        for _ in range(2):
            with pytest.raises(PaymentDeclined):
                await payments.charge(request)
        assert await payments.find(request.key) is None
        assert await payments.void(request.key, "cancelled") == Voided(request.key, None, None, 0)

    @pytest.mark.parametrize("succeeds", [True, False])
    async def test_given_a_pending_charge_when_voided_then_the_void_is_pending_until_it_ends_and_no_money_is_kept(
        self, payments: PaymentGateway, provider: Provider, succeeds: bool
    ) -> None:
        request = a_charge()
        await provider.next_charge_waits()
        await payments.charge(request)
        for _ in range(2):
            voided = await payments.void(request.key, "cancelled")
            assert (voided.pending, voided.amount_returned) == (True, 0)
            with pytest.raises(KeyVoided):
                await payments.charge(request)
        await provider.decide_charge(request, succeeds=succeeds)
        ended = await payments.void(request.key, "cancelled")
        assert (ended.pending, ended.amount_returned) == (False, 1000 if succeeds else 0)
        found = await payments.find(request.key)
        assert (found.refunded_amount if found else 0) == ended.amount_returned

    async def test_given_a_refund_that_the_provider_has_not_decided_then_it_is_pending_until_it_succeeds(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        asked = a_refund(await taken(payments, a_charge()), 400)
        await provider.next_refund_waits()
        pending = await payments.refund(asked)
        assert pending.pending
        assert await payments.refund(asked) == await payments.find_refund(asked.key) == pending
        with pytest.raises(RefundUnderWay):
            await payments.close_refund(asked)
        assert await payments.refund(asked) == pending
        await provider.decide_refund(asked, succeeds=True)
        assert await payments.refund(asked) == await payments.find_refund(asked.key) == replace(pending, pending=False)

    async def test_given_a_pending_refund_that_fails_then_it_is_never_made_and_its_amount_can_be_refunded_anew(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        charge = await taken(payments, a_charge())
        asked = a_refund(charge, 600)
        await provider.next_refund_waits()
        await payments.refund(asked)
        await provider.decide_refund(asked, succeeds=False)
        for _ in range(2):
            with pytest.raises(RefundFailed):
                await payments.refund(asked)
        assert await payments.find_refund(asked.key) is None
        await payments.close_refund(asked)
        assert (await payments.refund(a_refund(charge, 600))).amount == 600

    async def test_given_a_refund_that_the_provider_refuses_for_good_then_it_is_never_made(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        charge = await taken(payments, a_charge())
        asked = a_refund(charge, 600)
        await provider.next_refund_is_refused()
        for _ in range(2):
            with pytest.raises((RefundRefused, RefundFailed)):
                await payments.refund(asked)
        assert await payments.find_refund(asked.key) is None
        assert (await payments.refund(a_refund(charge, 1000))).amount == 1000

    async def test_given_a_refund_that_a_person_gives_up_then_it_is_not_made_later_and_its_amount_is_free(
        self, payments: PaymentGateway
    ) -> None:
        charge = await taken(payments, a_charge())
        asked = a_refund(charge, 600)
        for _ in range(2):
            await payments.close_refund(asked)
            with pytest.raises(GatewayUnavailable):
                await payments.refund(asked)
        assert await payments.find_refund(asked.key) is None
        assert (await payments.refund(a_refund(charge, 1000))).amount == 1000

    async def test_given_a_refund_that_was_made_then_it_cannot_be_given_up(self, payments: PaymentGateway) -> None:
        asked = a_refund(await taken(payments, a_charge()), 600)
        refund = await payments.refund(asked)
        with pytest.raises(RefundUnderWay):
            await payments.close_refund(asked)
        assert await payments.find_refund(asked.key) == refund

    async def test_given_a_void_whose_refund_is_pending_then_nothing_is_returned_until_it_succeeds(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        request = a_charge()
        await taken(payments, request)
        await provider.next_refund_waits()
        for _ in range(2):
            voided = await payments.void(request.key, "cancelled")
            assert (voided.pending, voided.amount_returned) == (True, 0)
        with pytest.raises(RefundUnderWay):
            await payments.close_void(request.key)
        await provider.decide_refund_of_void(request, succeeds=True)
        ended = await payments.void(request.key, "cancelled")
        assert (ended.pending, ended.amount_returned) == (False, 1000)
        with pytest.raises(RefundUnderWay):
            await payments.close_void(request.key)

    async def test_given_a_void_whose_refund_fails_then_a_person_has_to_act_and_can_give_it_up(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        request = a_charge()
        await taken(payments, request)
        await provider.next_refund_waits()
        await payments.void(request.key, "cancelled")
        await provider.decide_refund_of_void(request, succeeds=False)
        await self._until_given_up(payments, request)

    async def test_given_a_void_whose_refund_is_refused_then_a_person_has_to_act_and_can_give_it_up(
        self, payments: PaymentGateway, provider: Provider
    ) -> None:
        request = a_charge()
        await taken(payments, request)
        await provider.next_refund_is_refused()
        await self._until_given_up(payments, request)

    async def _until_given_up(self, payments: PaymentGateway, request: ChargeRequest) -> None:
        for _ in range(2):
            with pytest.raises(GatewayUndecided, match="orders refunds settle"):
                await payments.void(request.key, "cancelled")
        for _ in range(2):
            assert await payments.close_void(request.key) == 1000
        with pytest.raises(KeyVoided):
            await payments.charge(request)

    async def test_given_nothing_voided_then_there_is_no_refund_to_give_up(self, payments: PaymentGateway) -> None:
        request = a_charge()
        await taken(payments, request)
        with pytest.raises(RefundUnderWay):
            await payments.close_void(request.key)
