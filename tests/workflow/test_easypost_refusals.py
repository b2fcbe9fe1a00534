"""Orders whose label is refused for a reason that is not known to be final, and orders that can have no label."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from inventory.customs_columns import CustomsData
from inventory.stock_file import StockRow
from orders.events import CancelledBy
from orders.interventions import RetryOrder
from orders.state import Cancelled, Shipped
from tests.gateways.easypost_server import API_KEY, SENDER, EasyPostServer, run_easypost_server
from tests.running_system import RunningSystem, running_system

ABROAD: dict[str, Any] = {"shippingAddress": {"name": "Urs", "line1": "Weg 1", "city": "Zürich", "country": "CH"}}


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
async def system(database_url: str, temporal_client: Client, server: EasyPostServer) -> AsyncIterator[RunningSystem]:
    """System in virtual time: pauses between rounds take no real time."""
    async with running_system(
        database_url,
        TimeSkipper(temporal_client).client,
        easypost_api_key=API_KEY,
        easypost_api_base=server.base,
        easypost_from=json.dumps(SENDER),
    ) as running:
        await running.stock(TEA_1=1000)
        yield running


def label_key(order_id: str) -> str:
    return f"{order_id}:create-shipment"


async def error(system: RunningSystem, order_id: str) -> str:
    await system.needs_attention(order_id)
    found = await system.workflow("fulfill-order", order_id).query("attention")
    assert found["step"] == "create-shipment"
    return str(found["error"])


async def test_a_bad_hour_of_the_carrier_cancels_no_order_and_all_ship_after_it(
    system: RunningSystem, server: EasyPostServer
) -> None:
    server.no_rates = ("The service is temporarily unavailable, try again later",)
    orders = [await system.place() for _ in range(3)]
    for order_id in orders:
        message = await error(system, order_id)
        assert "no carrier offers a rate: USPS: The service is temporarily unavailable" in message
        assert "`orders retry`" in message
        assert "`orders cancel`" in message
        assert (await system.state(order_id)).status == "paid"
    server.no_rates = None
    for order_id in orders:
        await system.settled(order_id, "shipped")
        assert await system.money(order_id) == (30_00, 0)


async def test_a_purchase_refused_for_the_carriers_own_fault_ends_by_a_cancel_with_the_money_back(
    system: RunningSystem, server: EasyPostServer
) -> None:
    server.refuses_to_sell = "SHIPMENT.POSTAGE.FAILURE"
    order_id = await system.place()
    assert "SHIPMENT.POSTAGE.FAILURE" in await error(system, order_id)
    await system.cancel(order_id)
    await system.settled(order_id, "cancelled")
    assert await system.money(order_id) == (30_00, 30_00)
    assert server.bought(label_key(order_id)) == []
    assert await system.available("TEA-1") == 1000


async def test_an_order_without_a_comparable_rate_ships_by_the_one_that_a_person_chooses(
    system: RunningSystem, server: EasyPostServer
) -> None:
    server.offers = [("USPS", "Ground", "7.58", "USD"), ("CanadaPost", "Regular", "9.00", "CAD")]
    order_id = await system.place()
    message = await error(system, order_id)
    assert "none in EUR: CanadaPost Regular 9.00 CAD, USPS Ground 7.58 USD" in message
    assert "--carrier and --service" in message
    await system.handle(order_id, RetryOrder(order_id, "the cheaper one", "CanadaPost", "Regular"))
    state = await system.settled(order_id, "shipped")
    assert isinstance(state, Shipped)
    assert state.shipment.carrier == "CanadaPost"


async def test_an_order_abroad_without_customs_data_is_refused_before_the_charge(
    system: RunningSystem, server: EasyPostServer
) -> None:
    order_id = await system.place(**ABROAD)
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    missing = "customs data is missing: TEA-1 (originCountry, hsCode, weightGrams)"
    assert (state.reason, state.cancelled_by) == (f"Cannot be shipped: {missing}", CancelledBy.VALIDATION)
    assert await system.money(order_id) == (0, 0)
    assert not server.calls


async def test_an_order_abroad_ships_with_the_customs_data_of_the_stock_file(
    system: RunningSystem, server: EasyPostServer
) -> None:
    known = CustomsData("JP", "0902.10", 200, 1200, "EUR")
    await system.app.stock.import_levels([StockRow("TEA-1", 1000, customs=known)], "test")
    address = ABROAD["shippingAddress"] | {"phone": "+41 44 123"}
    order_id = await system.place(shippingAddress=address)
    await system.settled(order_id, "shipped")
    [bought] = server.bought(label_key(order_id))
    [item] = bought["customs_info"]["customs_items"]
    assert (item["code"], item["origin_country"], item["value"], item["currency"]) == ("TEA-1", "JP", "24.00", "EUR")
    assert bought["to_address"]["phone"] == "+41 44 123"
    assert bought["parcel"] == {"weight": 14.2}
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    assert not [event for event in history.events if b"+41 44 123" in event.SerializeToString()]
