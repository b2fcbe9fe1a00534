"""Simulated gateways: the semantics of real ones on a ledger in PostgreSQL, without an effect outside it."""

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
