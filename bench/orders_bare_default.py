"""Bare Temporal as its SDK comes: the same empty workflows on asyncio's own loop, with the SDK's default worker, sandbox
and data converter, no eager start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio.client import Client

from bench.orders_bare import taking
from bench.side import Figures, Ground, Order, in_flight, one_at_a_time

PLAIN_ASYNCIO: Final = True  # for bench.child: no uvloop


@asynccontextmanager
async def as_it_comes(ground: Ground) -> AsyncIterator[Order]:
    """What takes an order through the three workflows."""
    async with taking(await Client.connect(ground.temporal_address), eager=False) as order:
        yield order


async def measure_orders(ground: Ground) -> Figures:
    """20 in flight."""
    async with as_it_comes(ground) as order:
        return await in_flight(ground.scaled(200), order)


async def measure_single(ground: Ground) -> Figures:
    """One order at a time."""
    async with as_it_comes(ground) as order:
        return await one_at_a_time(ground.scaled(60), order)
