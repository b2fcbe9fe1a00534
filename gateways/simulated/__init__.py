"""The simulated gateways: real semantics on a ledger of their own in PostgreSQL, and nothing beyond it."""

from gateways.simulated.call import Operation, SimulationSettings
from gateways.simulated.faults import FaultKind, Faults
from gateways.simulated.payment import SimulatedPaymentGateway
from gateways.simulated.shipping import SimulatedShippingGateway

__all__ = [
    "FaultKind",
    "Faults",
    "Operation",
    "SimulatedPaymentGateway",
    "SimulatedShippingGateway",
    "SimulationSettings",
]
