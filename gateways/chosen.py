"""The gateways that the settings select. A provider's client package is imported only if it is selected."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from gateways.payments import PaymentGateway
from gateways.provider import MissingPackage
from gateways.providers import build_payments, build_shipping
from gateways.shipping import ShippingGateway
from gateways.stripe.events import StripeEvents
from gateways.stripe.provider import client_and_events
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from gateways.stripe.api import StripeApi


@dataclass(frozen=True)
class Gateways:
    """stripe: client for recovery, None with another payment gateway. stripe_events: receiver of Stripe's webhooks, None
    without a signing secret."""

    payments: PaymentGateway
    shipping: ShippingGateway
    stripe: "StripeApi | None"
    stripe_events: StripeEvents | None


def chosen_gateways(settings: Settings, pool: asyncpg.Pool) -> Gateways:
    """Build the selected gateways. Raises SettingsError if a selected provider's package is not installed."""
    try:
        payments, shipping = build_payments(settings, pool), build_shipping(settings, pool)
    except MissingPackage as missing:
        raise SettingsError(str(missing)) from None
    return Gateways(payments, shipping, *client_and_events(settings, pool, payments))
