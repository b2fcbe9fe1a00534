"""Late decisions of the simulated provider: the contract of all gateways."""

from dataclasses import dataclass

import asyncpg
import pytest

from gateways.payments import ChargeRequest, RefundRequest
from gateways.simulated import Faults, SimulatedPaymentGateway
from tests.integration.undecided_contract import UndecidedContract


@pytest.fixture
def payments(pool: asyncpg.Pool) -> SimulatedPaymentGateway:
    return SimulatedPaymentGateway(pool)


@pytest.fixture
def faults(pool: asyncpg.Pool) -> Faults:
    return Faults(pool)


@dataclass
class SteeredSimulation:
    """The simulated provider as the contract steers it."""

    faults: Faults

    async def next_charge_waits(self) -> None:
        await self.faults.set("payment.charge", "pending", remaining=1)

    async def next_refund_waits(self) -> None:
        for operation in ("payment.refund", "payment.void"):
            await self.faults.set(operation, "pending", remaining=1)  # type: ignore[arg-type]

    async def next_refund_is_refused(self) -> None:
        for operation in ("payment.refund", "payment.void"):
            await self.faults.set(operation, "refused", remaining=1)  # type: ignore[arg-type]

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
