"""Late decisions of the simulated provider: the contract of all gateways."""

from dataclasses import dataclass
from typing import Final

import asyncpg
import pytest

from gateways.payments import ChargeRequest, RefundRequest
from gateways.simulated import Faults, Operation, SimulatedPaymentGateway
from tests.integration.undecided_contract import UndecidedContract

_REFUNDS: Final[tuple[Operation, ...]] = ("payment.refund", "payment.void")


@pytest.fixture
def payments(pool: asyncpg.Pool) -> SimulatedPaymentGateway:
    return SimulatedPaymentGateway(pool)


@pytest.fixture
def faults(pool: asyncpg.Pool) -> Faults:
    return Faults(pool)


@dataclass
class SteeredSimulation:
    """Simulated provider, steered by the contract."""

    faults: Faults

    async def next_charge_waits(self) -> None:
        await self.faults.set("payment.charge", "pending", remaining=1)

    async def next_refund_waits(self) -> None:
        for operation in _REFUNDS:
            await self.faults.set(operation, "pending", remaining=1)

    async def next_refund_is_refused(self) -> None:
        for operation in _REFUNDS:
            await self.faults.set(operation, "refused", remaining=1)

    async def decide_charge(self, request: ChargeRequest, *, succeeds: bool) -> None:
        await self.faults.decide("payment.charge", request.key, succeeds=succeeds)

    async def decide_refund(self, request: RefundRequest, *, succeeds: bool) -> None:
        await self.faults.decide("payment.refund", request.key, succeeds=succeeds)

    async def decide_refund_of_void(self, request: ChargeRequest, *, succeeds: bool) -> None:
        await self.faults.decide("payment.void", request.key, succeeds=succeeds)


@pytest.fixture
def provider(faults: Faults) -> SteeredSimulation:
    return SteeredSimulation(faults)


class TestSimulatedUndecided(UndecidedContract):
    pass
