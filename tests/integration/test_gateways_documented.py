"""The gateway that docs/gateways.md shows keeps the contract of all gateways."""

import re
from pathlib import Path
from typing import Any

import pytest

from gateways.protocols import LabelRequest, ShippingGateway
from gateways.stripe.events import _PAYMENTS, _REFUNDS
from settings import Settings
from tests.integration.gateway_requests import a_parcel
from tests.integration.projections_harness import owner
from tests.integration.shipping_contract import ShippingGatewayContract

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "gateways.md").read_text()
[LEDGER] = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
[GATEWAY] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


class TestTheDocumentedGateway(ShippingGatewayContract):
    @pytest.fixture
    async def shipping(self, database_url: str, pool: object) -> ShippingGateway:
        async with owner(database_url) as connection:
            await connection.execute(LEDGER)
        defined: dict[str, Any] = {}
        exec(GATEWAY, defined)
        gateway: ShippingGateway = defined["PickupCounter"](pool)
        return gateway

    @pytest.fixture
    def refused(self) -> LabelRequest:
        return a_parcel(units=51)


def test_the_settings_of_the_gateways_are_all_described() -> None:
    described = set(re.findall(r"^\| `(ORDERS_[A-Z_]+)`", PAGE, re.MULTILINE))
    names = {
        str(field.alias) for name, field in Settings.model_fields.items() if name.startswith(("stripe", "easypost"))
    }
    assert described == names


def test_the_kinds_of_event_to_subscribe_to_are_those_that_are_taken() -> None:
    asked_for = set(re.findall(r"`((?:payment_intent|refund)\.[a-z_]+)`", PAGE))
    assert asked_for == {*_PAYMENTS, *_REFUNDS} - {"charge.refund.updated"}
