"""The gateway in docs/gateways.md keeps the contract of all gateways."""

import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import create_model

from gateways import providers
from gateways.provider import Provider
from gateways.providers import GatewaySettings, build_shipping
from gateways.shipping import LabelRequest, ShippingGateway
from gateways.statements import books_of_all, books_of_given
from gateways.stripe.events import CHANGE_EVENTS, PAYMENT_EVENTS, REFUND_EVENTS
from settings import Settings
from tests.integration.gateway_requests import a_parcel
from tests.integration.projections_harness import owner
from tests.integration.shipping_contract import ShippingGatewayContract

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "gateways.md").read_text()
[LEDGER] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
[GATEWAY] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
async def documented(database_url: str, pool: object) -> dict[str, Any]:
    """Names of the documented package, over a database with its ledger."""
    async with owner(database_url) as connection:
        await connection.execute(LEDGER)
    defined: dict[str, Any] = {}
    exec(GATEWAY, defined)
    return defined


class TestTheDocumentedGateway(ShippingGatewayContract):
    @pytest.fixture
    async def shipping(self, documented: dict[str, Any], pool: object) -> ShippingGateway:
        gateway: ShippingGateway = documented["PickupCounter"](pool, "Main street")
        return gateway

    @pytest.fixture
    def refused(self) -> LabelRequest:
        return a_parcel(units=51)


def registered_settings(mixin: Any) -> Any:
    return create_model("Registered", __base__=(mixin, GatewaySettings))


async def test_given_the_documented_registration_then_settings_select_the_gateway_and_the_audit_counts_its_labels(
    documented: dict[str, Any], pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickup: Provider = documented["PICKUP"]
    registered = (pickup, *providers.PROVIDERS)
    monkeypatch.setattr(providers, "PROVIDERS", registered)

    settings = registered_settings(documented["PickupSettings"])
    without, with_counter = settings(), settings(ORDERS_PICKUP_COUNTER="Main street")
    assert (without.labels, with_counter.labels) == ("simulated", "Main street")
    shipping = build_shipping(with_counter, pool)
    assert isinstance(shipping, documented["PickupCounter"])
    live, voided = a_parcel(), a_parcel()
    for parcel in (live, voided):
        await shipping.create(parcel)
    await shipping.void(voided.key, "cancelled")
    views = [provider.ledger for provider in registered]
    expected = {live.order_id: 1, voided.order_id: 0}
    every = await pool.fetch(books_of_all(views), "", 10)
    assert {row["order_id"]: row["live_labels"] for row in every} == expected
    given = await pool.fetch(books_of_given(views), "", 10, [live.order_id, "unknown"])
    assert [(row["order_id"], row["live_labels"]) for row in given] == [(live.order_id, 1)]


def test_the_settings_of_the_gateways_are_all_described() -> None:
    described = set(re.findall(r"^\| `(ORDERS_[A-Z_]+)`", PAGE, re.MULTILINE))
    names = {
        str(field.alias) for name, field in Settings.model_fields.items() if name.startswith(("stripe", "easypost"))
    }
    assert described == names


def test_the_kinds_of_event_to_subscribe_to_are_those_that_are_taken() -> None:
    asked_for = set(re.findall(r"`((?:payment_intent|refund|charge)\.[a-z_.]+)`", PAGE))
    assert asked_for == {*PAYMENT_EVENTS, *REFUND_EVENTS, *CHANGE_EVENTS} - {"charge.refund.updated"}
