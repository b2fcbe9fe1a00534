"""The simulated gateways: real semantics on a ledger of their own in PostgreSQL, and nothing beyond it."""

from activities.gateways.simulated_call import Operation, SimulationSettings
from activities.gateways.simulated_faults import FaultKind, Faults
from activities.gateways.simulated_payment import SimulatedPaymentGateway
from activities.gateways.simulated_shipping import SimulatedShippingGateway

__all__ = [
    "FaultKind",
    "Faults",
    "Operation",
    "SimulatedPaymentGateway",
    "SimulatedShippingGateway",
    "SimulationSettings",
]
