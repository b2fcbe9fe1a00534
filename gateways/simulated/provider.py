"""The simulated gateways as a provider."""

from typing import Final

import asyncpg

from gateways.provider import LedgerView, Option, Provider
from gateways.simulated import statements
from gateways.simulated.call import SimulationSettings
from gateways.simulated.payment import SimulatedPaymentGateway
from gateways.simulated.settings import SimulatedSettings
from gateways.simulated.shipping import SimulatedShippingGateway


def _simulation(settings: SimulatedSettings) -> SimulationSettings:
    return SimulationSettings(settings.payment_decline_above, settings.shipping_unavailable_above)


def _payments(settings: SimulatedSettings, pool: asyncpg.Pool) -> SimulatedPaymentGateway:
    return SimulatedPaymentGateway(pool, _simulation(settings))


def _shipping(settings: SimulatedSettings, pool: asyncpg.Pool) -> SimulatedShippingGateway:
    return SimulatedShippingGateway(pool, _simulation(settings))


SIMULATED: Final = Provider(
    LedgerView(
        tables=("simulated.charges", "simulated.labels"),
        charges=statements.CHARGES,
        labels=statements.LIVE_LABELS,
        refund=statements.REFUND_OF_PAYMENT,
    ),
    payments=Option(lambda _: "simulated", _payments),
    shipping=Option(lambda _: "simulated", _shipping),
)
