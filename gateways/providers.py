"""Registry of providers: a new gateway is added here, and nowhere else outside its package."""

from collections.abc import Iterable
from typing import Final

import asyncpg

from gateways.easypost.provider import EASYPOST
from gateways.easypost.settings import EasyPostSettings
from gateways.payments import PaymentGateway
from gateways.provider import G, Option, Provider
from gateways.shipping import ShippingGateway
from gateways.simulated.provider import SIMULATED
from gateways.simulated.settings import SimulatedSettings
from gateways.stripe.provider import STRIPE
from gateways.stripe.settings import StripeSettings

PROVIDERS: Final[tuple[Provider, ...]] = (STRIPE, EASYPOST, SIMULATED)
"""In order of selection: the simulated gateways are selected if no other is."""


class GatewaySettings(StripeSettings, EasyPostSettings, SimulatedSettings):
    """Settings of all providers, and the gateways that they select."""

    @property
    def payments(self) -> str:
        """Name of the selected payment gateway, for logs."""
        return _selected(self, [each.payments for each in PROVIDERS])[0]

    @property
    def labels(self) -> str:
        """Name of the selected shipping gateway, for logs."""
        return _selected(self, [each.shipping for each in PROVIDERS])[0]


def build_payments(settings: GatewaySettings, pool: asyncpg.Pool) -> PaymentGateway:
    """Build the selected payment gateway. Raises MissingPackage."""
    return _selected(settings, [each.payments for each in PROVIDERS])[1].build(settings, pool)


def build_shipping(settings: GatewaySettings, pool: asyncpg.Pool) -> ShippingGateway:
    """Build the selected shipping gateway. Raises MissingPackage."""
    return _selected(settings, [each.shipping for each in PROVIDERS])[1].build(settings, pool)


def _selected(settings: GatewaySettings, options: Iterable[Option[G] | None]) -> tuple[str, Option[G]]:
    named = ((option.selected(settings), option) for option in options if option is not None)
    return next((name, option) for name, option in named if name is not None)
