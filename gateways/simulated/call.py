"""Calls to a simulated gateway, with the latency and faults of a real one."""

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

import asyncpg
import orjson

from gateways.errors import GatewayUnavailable
from gateways.simulated import statements

Operation: TypeAlias = Literal["payment.charge", "payment.void", "payment.refund", "shipping.create", "shipping.void"]


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """Limits of the simulated gateways; None for no limit.

    decline_above: charges above it are declined, in minor units of any currency. unavailable_above_units: parcels of more
    units are refused. latency: seconds before a call reaches the ledger.
    """

    decline_above: int | None = None
    unavailable_above_units: int | None = None
    latency: float = 0.0


async def call(
    pool: asyncpg.Pool, settings: SimulationSettings, operation: Operation, statement: str, *arguments: object
) -> asyncpg.Record:
    """Call a ledger function, subject to the fault switches, and return its row.

    Raises GatewayUnavailable as the operation's switch is set: before the effect, after its commit, or long before it.
    """
    if settings.latency > 0:
        await asyncio.sleep(settings.latency)
    row = await _row(pool, statement, *arguments, True)
    if row["fault"] == "hang" and row["fault_delay"] is None:
        await pool.execute(statements.STORE_LATE_CALL, operation, orjson.dumps(arguments).decode())
        raise GatewayUnavailable("simulated loss of the request")
    if row["fault"] == "hang":
        # Sleep here: in the database it would hold a connection and locks.
        await asyncio.sleep(row["fault_delay"])
        row = await arrive(pool, statement, *arguments)
    if row["fault"] == "unavailable":
        raise GatewayUnavailable("simulated outage", retry_after=row["fault_delay"] or None)
    if row["fault"] == "lost_reply":
        raise GatewayUnavailable("simulated loss of the reply", retry_after=row["fault_delay"] or None)
    return row


async def arrive(pool: asyncpg.Pool, statement: str, *arguments: object) -> asyncpg.Record:
    """Call a ledger function regardless of the fault switches."""
    return await _row(pool, statement, *arguments, False)


async def _row(pool: asyncpg.Pool, statement: str, *arguments: object) -> asyncpg.Record:
    row: asyncpg.Record | None = await pool.fetchrow(statement, *arguments)
    if row is None:
        raise RuntimeError("the ledger function returned no row")
    return row
