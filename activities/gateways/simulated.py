"""The simulated gateways: real semantics on a ledger of their own in PostgreSQL, and nothing beyond it."""

from activities.gateways.simulated_books import CurrencyTotal, OrderBooks, SimulatedLedger
from activities.gateways.simulated_call import Operation, SimulationSettings
from activities.gateways.simulated_faults import FaultKind, Faults
from activities.gateways.simulated_payment import SimulatedPaymentGateway
from activities.gateways.simulated_shipping import SimulatedShippingGateway

__all__ = [
    "CurrencyTotal",
    "FaultKind",
    "Faults",
    "Operation",
    "OrderBooks",
    "SimulatedLedger",
    "SimulatedPaymentGateway",
    "SimulatedShippingGateway",
    "SimulationSettings",
]
