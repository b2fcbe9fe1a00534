"""Labels at EasyPost by rates that expire, by a choice of carrier and service, and with customs data."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import GatewayMisconfigured, GatewayUndecided
from gateways.shipping import ServiceChoice
from tests.gateways.easypost_bad_hours import refusing_to_sell
from tests.gateways.easypost_server import API_KEY, SENDER, EasyPostServer, run_easypost_server
from tests.integration.gateway_requests import a_parcel, a_parcel_abroad

SEVERAL = [("USPS", "Ground", "7.58", "USD"), ("DHL", "Paket", "9.50", "EUR"), ("DHL", "Express", "20.00", "EUR")]


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
def api(server: EasyPostServer) -> EasyPostApi:
    return EasyPostApi(API_KEY, SENDER, server.base, timeout=1)


@pytest.fixture
def shipping(pool: asyncpg.Pool, api: EasyPostApi) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, api)


def sold(server: EasyPostServer, key: str) -> tuple[str, str]:
    [shipment] = server.bought(key)
    return shipment["selected_rate"]["carrier"], shipment["selected_rate"]["service"]


@pytest.mark.parametrize("status", [404, 422])
async def test_given_a_rate_that_has_expired_then_the_next_attempt_buys_a_new_one(
    shipping: EasyPostShippingGateway, server: EasyPostServer, status: int
) -> None:
    server.forgotten_rate = status
    request = a_parcel()
    with refusing_to_sell(server, "SHIPMENT.POSTAGE.FAILURE"), pytest.raises(GatewayUndecided):
        await shipping.create(request)
    server.expire_rates()
    label = await shipping.create(request)
    assert [each["id"] for each in server.bought(request.key)] == [label.shipment_id]
    assert server.calls["rerate"] == 1


async def test_given_rates_that_expire_between_rating_and_purchase_then_the_refusal_is_not_final(
    pool: asyncpg.Pool, server: EasyPostServer
) -> None:
    class Slow(EasyPostApi):
        async def create(self, *arguments: object) -> object:  # type: ignore[override]
            shipment = await super().create(*arguments)  # type: ignore[arg-type]
            server.expire_rates()
            return shipment

    request = a_parcel()
    shipping = EasyPostShippingGateway(pool, Slow(API_KEY, SENDER, server.base, timeout=1))
    with pytest.raises((GatewayUndecided, GatewayMisconfigured)):
        await shipping.create(request)
    await shipping.create(request)
    assert len(server.bought(request.key)) == 1


async def test_given_rates_in_two_currencies_then_the_lowest_in_the_orders_is_bought(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.offers = SEVERAL
    request = replace(a_parcel(), currency="EUR")
    await shipping.create(request)
    assert sold(server, request.key) == ("DHL", "Paket")


async def test_given_no_rate_in_the_orders_currency_then_a_person_chooses_among_those_named(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.offers = SEVERAL
    request = replace(a_parcel(), currency="GBP")
    with pytest.raises(GatewayUndecided, match=r"DHL Paket 9\.50 EUR, DHL Express 20\.00 EUR, USPS Ground 7\.58 USD"):
        await shipping.create(request)
    await shipping.create(replace(request, choice=ServiceChoice("dhl", "express")))
    assert sold(server, request.key) == ("DHL", "Express")


async def test_given_a_carrier_and_service_by_setting_then_they_are_bought_unless_a_person_chooses_others(
    pool: asyncpg.Pool, api: EasyPostApi, server: EasyPostServer
) -> None:
    server.offers = SEVERAL
    shipping = EasyPostShippingGateway(pool, api, preferred=ServiceChoice("DHL", "Express"))
    usual, other = a_parcel(), a_parcel()
    await shipping.create(usual)
    await shipping.create(replace(other, choice=ServiceChoice("USPS")))
    assert (sold(server, usual.key), sold(server, other.key)) == (("DHL", "Express"), ("USPS", "Ground"))
    server.offers = SEVERAL[:2]
    with pytest.raises(GatewayUndecided, match="no rate of DHL Express is offered, only DHL Paket"):
        await shipping.create(a_parcel())


async def test_given_the_carriers_words_on_a_bad_hour_then_they_come_without_the_address(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.no_rates = ("Person of Main Street 1, LYON: try again later",)
    with pytest.raises(GatewayUndecided) as undecided:
        await shipping.create(a_parcel())
    assert undecided.value.reason == "no label yet: no carrier offers a rate: USPS: … of …, …: try again later"


async def test_given_a_parcel_abroad_then_it_carries_customs_data_its_weight_and_the_telephone(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel_abroad(declared=True)
    await shipping.create(request)
    [shipment] = server.bought(request.key)
    assert shipment["to_address"]["phone"] == request.phone
    assert shipment["parcel"] == {"weight": 21.2}
    assert shipment["customs_info"]["customs_signer"] == SENDER["company"]
    assert shipment["customs_info"]["customs_items"] == [
        {
            "description": "Green tea",
            "quantity": 3,
            "value": "27.00",
            "currency": "EUR",
            "weight": 21.16,
            "hs_tariff_number": "0902.10",
            "origin_country": "JP",
            "code": "TEA-1",
        }
    ]


async def test_given_a_parcel_within_the_union_then_it_carries_none(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    await shipping.create(request)
    assert "customs_info" not in server.bought(request.key)[0]
