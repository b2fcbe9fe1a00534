"""Which gateways take the money and send the parcels. The settings choose, and what is not chosen is not imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import asyncpg

from gateways.easypost.settings import sender_address
from gateways.protocols import PaymentGateway, ShippingGateway
from gateways.simulated import SimulatedPaymentGateway, SimulatedShippingGateway, SimulationSettings
from gateways.stripe.events import StripeEvents
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from gateways.easypost.api import EasyPostApi
    from gateways.stripe.api import StripeApi


@dataclass(frozen=True)
class Gateways:
    """stripe, easypost: the clients, for others who ask there; None where another gateway is chosen.
    stripe_events: who takes what Stripe tells by itself; None where that is not wanted."""

    payments: PaymentGateway
    shipping: ShippingGateway
    stripe: "StripeApi | None"
    easypost: "EasyPostApi | None"
    stripe_events: StripeEvents | None


def chosen_gateways(settings: Settings, pool: asyncpg.Pool) -> Gateways:
    """Raises SettingsError where a setting asks for a package that is not installed."""
    simulation = SimulationSettings(
        decline_above=settings.payment_decline_above,
        unavailable_above_units=settings.shipping_unavailable_above,
    )
    payments, stripe = _payments(settings, pool, simulation)
    shipping, easypost = _shipping(settings, pool, simulation)
    return Gateways(payments, shipping, stripe, easypost, _stripe_events(settings, pool, stripe))


def _payments(
    settings: Settings, pool: asyncpg.Pool, simulation: SimulationSettings
) -> "tuple[PaymentGateway, StripeApi | None]":
    if settings.stripe_api_key is None:
        return SimulatedPaymentGateway(pool, simulation), None
    with _extra("stripe", "ORDERS_STRIPE_API_KEY"):
        from gateways.stripe.api import StripeApi  # noqa: PLC0415
        from gateways.stripe.payment import StripePaymentGateway  # noqa: PLC0415
    api = StripeApi(settings.stripe_api_key.get_secret_value(), settings.stripe_api_base)
    return StripePaymentGateway(pool, api, with_label=settings.stripe_capture == "with-label"), api


def _stripe_events(settings: Settings, pool: asyncpg.Pool, api: "StripeApi | None") -> StripeEvents | None:
    if api is None or settings.stripe_webhook_secret is None:
        return None
    from gateways.stripe.signature import verified  # noqa: PLC0415

    return StripeEvents(pool, api, partial(verified, secret=settings.stripe_webhook_secret.get_secret_value()))


def _shipping(
    settings: Settings, pool: asyncpg.Pool, simulation: SimulationSettings
) -> "tuple[ShippingGateway, EasyPostApi | None]":
    if settings.easypost_api_key is None or settings.easypost_from is None:
        return SimulatedShippingGateway(pool, simulation), None
    with _extra("easypost", "ORDERS_EASYPOST_API_KEY"):
        from gateways.easypost.api import EasyPostApi  # noqa: PLC0415
        from gateways.easypost.shipping import EasyPostShippingGateway  # noqa: PLC0415
    key, sender = settings.easypost_api_key.get_secret_value(), sender_address(settings.easypost_from)
    api = EasyPostApi(key, sender, settings.easypost_api_base)
    return EasyPostShippingGateway(pool, api, unit_ounces=settings.easypost_unit_ounces), api


@contextmanager
def _extra(package: str, setting: str) -> Iterator[None]:
    """Around the imports of a package that only those who want it have installed."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise SettingsError(
            f"{setting} is set and the package {package} is not installed: pip install '.[{package}]'"
        ) from None
