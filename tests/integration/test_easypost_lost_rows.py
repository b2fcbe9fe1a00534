"""A ledger that has lost rows of labels, as after a fail-over: EasyPost is searched before a label counts as never
bought."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest

from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import KeyVoided
from gateways.shipping import VoidedLabel
from tests.gateways.easypost_server import API_KEY, SENDER, EasyPostServer, run_easypost_server
from tests.integration.gateway_requests import a_parcel


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
def shipping(pool: asyncpg.Pool, server: EasyPostServer) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, EasyPostApi(API_KEY, SENDER, server.base, timeout=1))


async def as_owner(database_url: str, statement: str) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(statement)
    finally:
        await owner.close()


@pytest.mark.parametrize("key", ["o-1:create-shipment", "o 1?#%2F'é:create-shipment"])
@pytest.mark.parametrize(
    "loss",
    [
        "delete from gateways.easypost_shipments",
        "update gateways.easypost_shipments set state = 'new', shipment_id = null, tracking_number = null, carrier = null",
    ],
    ids=["the row", "the shipment in it"],
)
async def test_given_a_lost_row_when_the_label_is_voided_then_it_is_taken_back_and_no_other_is_bought(
    shipping: EasyPostShippingGateway, server: EasyPostServer, database_url: str, key: str, loss: str
) -> None:
    request = replace(a_parcel(), key=key)
    await shipping.create(request)
    await as_owner(database_url, loss)
    assert await shipping.void(key, "for the test") == VoidedLabel(existed=True, pending=True)
    assert server.live(key) == []
    server.decide("refunded")
    assert await shipping.void(key, "for the test") == VoidedLabel(existed=True)
    with pytest.raises(KeyVoided):
        await shipping.create(request)


async def test_given_no_label_at_all_when_it_is_voided_then_none_existed(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    await shipping.create(a_parcel())
    assert await shipping.void("o-2:create-shipment", "for the test") == VoidedLabel(existed=False)
    assert server.calls["find"] == 1
