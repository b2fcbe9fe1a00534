"""EasyPost as a provider: selected by its API key."""

from typing import TYPE_CHECKING, Final

import asyncpg

from gateways.easypost import statements
from gateways.easypost.settings import EasyPostSettings, sender_address
from gateways.provider import LedgerView, Option, Provider, client_package
from gateways.shipping import ServiceChoice, ShippingGateway

if TYPE_CHECKING:  # the package `easypost` is an extra
    from gateways.easypost.shipping import EasyPostShippingGateway


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
    preferred = ServiceChoice(settings.easypost_carrier, settings.easypost_service)
    return EasyPostShippingGateway(pool, api, unit_ounces=settings.easypost_unit_ounces, preferred=preferred)


def easypost_gateway(settings: EasyPostSettings, shipping: ShippingGateway) -> "EasyPostShippingGateway | None":
    """The EasyPost gateway, for recovery; None with another shipping gateway."""
    if _selected(settings) is None:
        return None
    from gateways.easypost.shipping import EasyPostShippingGateway  # noqa: PLC0415

    assert isinstance(shipping, EasyPostShippingGateway)
    return shipping


EASYPOST: Final = Provider(
    LedgerView(tables=("gateways.easypost_shipments",), labels=statements.LIVE_LABELS),
    shipping=Option(_selected, _shipping),
)
