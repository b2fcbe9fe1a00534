"""`orders recover` on labels at EasyPost that the ledger or the log has lost."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from temporalio.client import Client

from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from tests.gateways.easypost_server import API_KEY, SENDER, EasyPostServer, run_easypost_server
from tests.integration.gateway_requests import a_parcel
from tests.integration.lost_tail import lose_tail, ship
from tests.integration.test_recover import as_owner, losses, recovery
from tests.running_system import RunningSystem, new_id, running_system
from tests.workflow.test_corrupt_stream import confirm_twice

_BUYER_AND_CARRIER = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


@pytest.fixture
async def easypost() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@asynccontextmanager
async def shipped_by(database_url: str, client: Client, easypost: EasyPostServer) -> AsyncIterator[RunningSystem]:
    """Running system with labels by EasyPost."""
    chosen: dict[str, Any] = {
        "easypost_api_key": API_KEY,
        "easypost_api_base": easypost.base,
        "easypost_from": json.dumps(SENDER),
    }
    async with running_system(database_url, client, **chosen) as system:
        yield system


@asynccontextmanager
async def lost_label(
    database_url: str, client: Client, easypost: EasyPostServer, *, kept: int
) -> AsyncIterator[tuple[RunningSystem, str]]:
    """Running system whose log has this number of events of a shipped order, and whose ledger has lost its label."""
    order_id = new_id()
    async with shipped_by(database_url, client, easypost) as system:
        positions = await ship(system, order_id)
    await lose_tail(database_url, after=[0, *positions][kept])
    await as_owner(database_url, "delete from gateways.easypost_shipments")
    async with shipped_by(database_url, client, easypost) as system:
        yield system, order_id


async def test_a_label_that_the_ledger_has_lost_is_adopted_and_the_order_ships_with_it(
    database_url: str, temporal_client: Client, easypost: EasyPostServer
) -> None:
    async with lost_label(database_url, temporal_client, easypost, kept=3) as (system, order_id):
        assert set(await losses(system, apply=False)) == {("label", order_id, False), ("workflow", order_id, False)}
        assert set(await losses(system, apply=True)) == {("label", order_id, True), ("workflow", order_id, True)}
        await system.settled(order_id, "shipped", 120)
        assert await system.events(order_id) == _BUYER_AND_CARRIER
        assert len(easypost.bought(f"{order_id}:create-shipment")) == 1
        assert await losses(system, apply=True) == []


async def test_a_label_without_an_order_and_one_beside_another_are_for_a_person_until_they_are_refunded(
    database_url: str, temporal_client: Client, easypost: EasyPostServer
) -> None:
    async with lost_label(database_url, temporal_client, easypost, kept=0) as (system, order_id):
        for problem in ("no such order is in the log", "the ledger does not know"):
            [loss] = [loss async for loss in recovery(system, apply=True).losses()]
            assert (loss.kind, loss.subject, loss.done) == ("label", order_id, False)
            assert problem in loss.problem
            assert loss.remedy == "have the label refunded in EasyPost's dashboard"
            await system.place(order_id)
            await system.settled(order_id, "shipped", 120)
        easypost.of(f"{order_id}:create-shipment")[0]["refund_status"] = "submitted"
        assert await losses(system, apply=True) == []


async def test_labels_of_other_systems_are_left_out_and_every_page_of_the_list_is_read(
    database_url: str, temporal_client: Client, easypost: EasyPostServer
) -> None:
    easypost.most_per_page = 1
    async with shipped_by(database_url, temporal_client, easypost) as system:
        for number in range(3):
            await system.app.shipping.create(replace(a_parcel(), key=f"o-{number}:create-shipment"))
        await system.app.shipping.create(replace(a_parcel(), key="RMA 4711"))
        await as_owner(database_url, "delete from gateways.easypost_shipments")
        found = await losses(system, apply=False)
        assert found == [("label", f"o-{number}", False) for number in (2, 1, 0)]
        assert easypost.calls["list"] == 4


async def test_a_stream_that_cannot_be_folded_stops_no_other_comparison(
    database_url: str, temporal_client: Client, easypost: EasyPostServer
) -> None:
    async with lost_label(database_url, temporal_client, easypost, kept=3) as (system, order_id):
        corrupt = await system.place()
        await system.settled(corrupt, "shipped", 120)
        await confirm_twice(system, database_url, corrupt)
        await as_owner(database_url, "delete from gateways.easypost_shipments")
        assert {loss for loss in await losses(system, apply=True) if loss[0] == "label"} == {
            ("label", order_id, True),
            ("label", corrupt, False),
        }


async def test_a_label_of_another_parcel_is_not_adopted(pool: asyncpg.Pool, easypost: EasyPostServer) -> None:
    api = EasyPostApi(API_KEY, SENDER, easypost.base, timeout=1)
    gateway, parcel = EasyPostShippingGateway(pool, api), a_parcel()
    bought = await api.create(parcel, 16)
    elsewhere = replace(parcel, recipient=replace(parcel.recipient, city="Elsewhere"))
    assert await gateway.may_adopt(parcel, bought)
    assert not await gateway.may_adopt(replace(parcel, units=parcel.units + 1), bought)
    assert not await gateway.may_adopt(elsewhere, bought)
