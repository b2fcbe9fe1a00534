"""With your own test key in EASYPOST_TEST_API_KEY: labels that EasyPost itself sells and refunds."""

import os
from dataclasses import replace

import asyncpg
import pytest

from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import GatewayUndecided
from gateways.shipping import Goods, LabelRequest, Recipient, ServiceChoice
from tests.integration.gateway_requests import a_parcel

KEY = os.environ.get("EASYPOST_TEST_API_KEY", "")
SENDER = {"company": "Tea House", "street1": "417 Montgomery St", "city": "San Francisco", "state": "CA"}
SENDER |= {"zip": "94104", "country": "US", "phone": "4155550100"}
DOMESTIC = Recipient("A. Person", "388 Townsend St", None, "San Francisco", "CA", "94107", "US")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not KEY.startswith("EZTK"), reason="EASYPOST_TEST_API_KEY is not set to a test key"),
]


@pytest.fixture
def shipping(pool: asyncpg.Pool) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, EasyPostApi(KEY, SENDER))


def a_domestic_parcel() -> LabelRequest:
    return replace(a_parcel(units=1), recipient=DOMESTIC)


async def test_given_a_parcel_when_asked_for_twice_then_easypost_sells_one_label(
    shipping: EasyPostShippingGateway,
) -> None:
    request = a_domestic_parcel()
    label = await shipping.create(request)
    assert await shipping.create(request) == label
    assert await shipping.find(request.key) == label


async def test_given_a_label_when_voided_then_easypost_says_how_it_stands(shipping: EasyPostShippingGateway) -> None:
    request = a_domestic_parcel()
    await shipping.create(request)
    voided = await shipping.void(request.key, "cancelled")
    assert voided.existed
    assert await shipping.find(request.key) is None


async def test_given_a_service_that_is_not_offered_then_easyposts_rates_are_named_and_one_of_them_is_sold(
    shipping: EasyPostShippingGateway,
) -> None:
    request = a_domestic_parcel()
    with pytest.raises(GatewayUndecided, match=r"is offered, only .*USPS"):
        await shipping.create(replace(request, choice=ServiceChoice("USPS", "NoSuchService")))
    assert (await shipping.create(replace(request, choice=ServiceChoice("USPS")))).carrier == "USPS"


async def test_given_a_parcel_abroad_then_easypost_takes_its_customs_data(shipping: EasyPostShippingGateway) -> None:
    goods = (Goods("TEA-1", "Green tea", 1, 900, "USD", "JP", "0902.10", 200),)
    request = replace(a_parcel(units=1), currency="USD", phone="+33 4 72 00 00 00", goods=goods)
    assert (await shipping.create(request)).tracking_number
