"""Waiting orders under random acts of persons, lost runs and further declines: each order ends, and is paid once at most."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from gateways.payments import Charge, ChargeRequest
from gateways.simulated.call import SimulationSettings
from gateways.simulated.payment import SimulatedPaymentGateway
from orders.commands import CancelOrder, Command
from orders.errors import OrderError
from orders.events import CancelledBy
from orders.interventions import HoldOrder, ReleaseOrder, RetryOrder
from orders.payment_attempts import GivePaymentMethod
from tests.running_system import RunningSystem, running_system
from tests.workflow.books import assert_the_books_hold
from tests.workflow.steering import Steering

SEEDS: Final = range(16)
BAD, GOOD = "pm_bad", "pm_good"
ACTS: Final = ("bad card", "good card", "hold", "release", "retry", "terminate", "lose the signal", "cancel")
WEIGHTS: Final = (6, 2, 4, 4, 3, 3, 2, 1)


class ByCard(SimulatedPaymentGateway):
    """A simulated gateway that declines one card, and accepts any other."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self._declining = SimulatedPaymentGateway(pool, SimulationSettings(decline_above=0))

    async def charge(self, request: ChargeRequest) -> Charge:
        if request.payment_method == BAD:
            return await self._declining.charge(request)
        return await super().charge(request)


@pytest.fixture
async def system(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    async with running_system(
        database_url,
        temporal_client,
        interceptors=[steering],
        adapt=lambda app: replace(app, payments=ByCard(app.pool)),
        payment_deadline=timedelta(days=1),
    ) as running:
        await running.stock(TEA_1=1_000)
        yield running


async def act(system: RunningSystem, order_id: str, what: str) -> None:
    """Perform one act; a refusal by the domain is a valid result."""
    commands: dict[str, Command] = {
        "bad card": GivePaymentMethod(order_id, BAD),
        "good card": GivePaymentMethod(order_id, GOOD),
        "hold": HoldOrder(order_id, "fraud suspected"),
        "release": ReleaseOrder(order_id),
        "retry": RetryOrder(order_id, "impatient"),
        "lose the signal": CancelOrder(order_id, "a lost signal", CancelledBy.FULFILLMENT),
        "cancel": CancelOrder(order_id, "changed my mind", CancelledBy.CUSTOMER),
    }
    try:
        if what == "terminate":
            await system.workflow("fulfill-order", order_id).terminate("lost")
            await system.start("fulfill-order", order_id)
        else:
            await system.handle(order_id, commands[what])
    except (OrderError, RPCError):
        return


async def played(system: RunningSystem, seed: int) -> str:
    """Order whose first charge is declined, some acts, and then the good card as often as it is awaited."""
    dice = random.Random(f"waiting:{seed}")
    order_id = await system.place(paymentMethod=BAD)
    for what in dice.choices(ACTS, WEIGHTS, k=dice.randint(1, 6)):
        for _ in range(dice.randrange(8)):  # let the run take a few steps
            await system.events(order_id)
        await act(system, order_id, what)
    return order_id


async def ended(system: RunningSystem, order_id: str) -> None:
    """Release the order and pay by the good card until it has ended; a lost run is restarted by a retry."""
    async with asyncio.timeout(60):
        while (await system.state(order_id)).status not in ("shipped", "cancelled"):
            await act(system, order_id, "release")
            await act(system, order_id, "good card")
            await asyncio.sleep(0.1)


async def test_every_order_ends_and_is_paid_once_or_not_at_all(system: RunningSystem) -> None:
    order_ids = await asyncio.gather(*(played(system, seed) for seed in SEEDS))
    await asyncio.gather(*(ended(system, order_id) for order_id in order_ids))
    for order_id in order_ids:
        status = (await system.state(order_id)).status
        await system.settled(order_id, status)
        charged, refunded = await system.money(order_id)
        assert charged - refunded == (30_00 if status == "shipped" else 0), order_id
        assert charged in (0, 30_00), order_id
        failures = [
            (event.data["attempt"], event.data["code"], event.data["waitsUntil"])
            async for event in system.app.store.stream(f"order-{order_id}")
            if event.type == "order.payment_failed"
        ]
        assert len({each[:2] for each in failures}) == len(failures), "each decline is recorded once"
        assert len({until for *_, until in failures}) <= 1, "there is one deadline"
    statuses = [(await system.state(order_id)).status for order_id in order_ids]
    assert {"shipped", "cancelled"} == set(statuses)
    await assert_the_books_hold(system)
