"""Bare Temporal as its SDK comes: the same empty workflows on asyncio's own loop, with the SDK's default worker, sandbox
and data converter, no eager start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio.client import Client

from bench.orders_bare import taking
from bench.side import Ground, Order, measures_of

PLAIN_ASYNCIO: Final = True  # for bench.child: no uvloop


@asynccontextmanager
async def as_it_comes(ground: Ground) -> AsyncIterator[Order]:
    """Runs an order through the three workflows, with the SDK's defaults."""
    async with taking(await Client.connect(ground.temporal_address), eager=False) as order:
        yield order


measure_orders, measure_single = measures_of(as_it_comes)
