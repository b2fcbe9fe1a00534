"""EasyPost as a provider: selected by its API key."""

from typing import Final

import asyncpg

from gateways.easypost import statements
from gateways.easypost.settings import EasyPostSettings, sender_address
from gateways.provider import LedgerView, Option, Provider, client_package
from gateways.shipping import ShippingGateway


def _selected(settings: EasyPostSettings) -> str | None:
    return "easypost" if settings.easypost_api_key else None


def _shipping(settings: EasyPostSettings, pool: asyncpg.Pool) -> ShippingGateway:
    with client_package("easypost", setting="ORDERS_EASYPOST_API_KEY"):
        from gateways.easypost.api import EasyPostApi  # noqa: PLC0415
        from gateways.easypost.shipping import EasyPostShippingGateway  # noqa: PLC0415
    assert settings.easypost_api_key is not None
    assert settings.easypost_from is not None, "checked by EasyPostSettings"
    key, sender = settings.easypost_api_key.get_secret_value(), sender_address(settings.easypost_from)
    api = EasyPostApi(key, sender, settings.easypost_api_base)
    return EasyPostShippingGateway(pool, api, unit_ounces=settings.easypost_unit_ounces)


EASYPOST: Final = Provider(
    LedgerView(tables=("gateways.easypost_shipments",), labels=statements.LIVE_LABELS),
    shipping=Option(_selected, _shipping),
)
