"""Contract of every shipping gateway: subclass with fixtures for a gateway and run it. Keys are new in each test."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import pytest

from gateways.errors import GatewayUndecided, IdempotencyConflict, KeyVoided, ShippingUnavailable
from gateways.shipping import Label, LabelRequest, ServiceChoice, ShippingGateway, VoidedLabel
from tests.integration.gateway_requests import a_parcel, a_parcel_abroad, persist

RACES = 30


BadHour: TypeAlias = Callable[[], AbstractContextManager[None]]
NOT_OFFERED = ServiceChoice("No such carrier", "No such service")


class ShippingGatewayContract:
    """Requires the fixtures `shipping` (the gateway) and `refused` (a parcel that the gateway refuses for good).

    bad_hours: ways in which the carrier refuses any parcel for a while, for a reason that is not known to be final.
    """

    @pytest.fixture
    def bad_hours(self) -> Sequence[BadHour]:
        return ()

    async def test_given_a_bad_hour_of_the_carrier_then_no_refusal_is_final_and_a_later_call_buys_under_the_same_key(
        self, shipping: ShippingGateway, bad_hours: Sequence[BadHour]
    ) -> None:
        for bad_hour in bad_hours:
            request = a_parcel()
            with bad_hour():
                for _ in range(2):
                    with pytest.raises(GatewayUndecided):
                        await shipping.create(request)
                    assert await shipping.find(request.key) is None
            label = await persist(partial(shipping.create, request))
            assert await shipping.find(request.key) == label

    async def test_given_a_bad_hour_when_the_order_is_cancelled_then_the_key_is_void(
        self, shipping: ShippingGateway, bad_hours: Sequence[BadHour]
    ) -> None:
        for bad_hour in bad_hours:
            request = a_parcel()
            with bad_hour(), pytest.raises(GatewayUndecided):
                await shipping.create(request)
            assert not (await shipping.void(request.key, "cancelled")).existed
            with pytest.raises(KeyVoided):
                await shipping.create(request)

    async def test_given_a_choice_that_is_not_offered_then_the_offers_are_named_and_another_choice_buys(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        with pytest.raises(GatewayUndecided) as undecided:
            await shipping.create(replace(request, choice=NOT_OFFERED))
        label = await shipping.create(request)
        assert label.carrier in undecided.value.reason
        other = a_parcel()
        chosen = ServiceChoice(label.carrier.upper())
        assert (await shipping.create(replace(other, choice=chosen))).carrier == label.carrier

    async def test_given_a_label_when_another_service_is_chosen_then_the_label_stays(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        label = await shipping.create(request)
        assert await shipping.create(replace(request, choice=NOT_OFFERED)) == label

    async def test_given_goods_to_declare_then_they_are_required_and_their_lack_is_not_final(
        self, shipping: ShippingGateway
    ) -> None:
        request, lacking = a_parcel_abroad(declared=True), a_parcel_abroad(declared=False)
        lacking = replace(lacking, key=request.key, order_id=request.order_id)
        if shipping.needs_customs(request.recipient.country):
            with pytest.raises(GatewayUndecided, match=r"TEA-1 \(originCountry, hsCode, weightGrams\)"):
                await shipping.create(lacking)
        label = await shipping.create(request)
        assert await shipping.create(lacking) == label  # the stock file may change: the request is the same

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
        assert await shipping.void(refused.key, "cancelled") == VoidedLabel(existed=False)

    async def test_given_a_label_when_voided_twice_then_both_answers_say_it_existed(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        await shipping.create(request)
        for reason in ("cancelled", "again"):  # pending or not, depending on the carrier
            voided = await shipping.void(request.key, reason)
            assert (voided.existed, voided.refused) == (True, None)
        assert await shipping.find(request.key) is None
        with pytest.raises(KeyVoided):
            await shipping.create(request)

    async def test_given_a_key_voided_before_any_label_then_the_late_one_is_refused(
        self, shipping: ShippingGateway
    ) -> None:
        request = a_parcel()
        assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=False)
        with pytest.raises(KeyVoided):
            await shipping.create(request)
        assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=False)

    async def test_given_create_and_void_at_once_then_no_label_stays_live(self, shipping: ShippingGateway) -> None:
        async def race() -> None:
            request = a_parcel()
            created, voided = await asyncio.gather(
                persist(lambda: shipping.create(request)),
                persist(lambda: shipping.void(request.key, "cancelled")),
                return_exceptions=True,
            )
            assert isinstance(voided, VoidedLabel)
            assert isinstance(created, KeyVoided if not voided.existed else Label | KeyVoided)
            assert await shipping.find(request.key) is None

        await asyncio.gather(*(race() for _ in range(RACES)))
