"""How a simulated gateway is reached: with the latency, and the faults, that a real one has."""

import asyncio
from dataclasses import dataclass
from typing import Literal, TypeAlias

import asyncpg
import orjson

from gateways.protocols import GatewayUnavailable

Operation: TypeAlias = Literal["payment.charge", "payment.void", "payment.refund", "shipping.create", "shipping.void"]

# One insert; nobody reads the table on the way of an order.
_REMEMBER = "insert into simulated.late_calls (operation, arguments) values ($1, $2)"


@dataclass(frozen=True, slots=True)
class SimulationSettings:
    """How the simulated gateways behave.

    decline_above: charges above it are declined, minor units of whatever currency; None declines nothing.
    unavailable_above_units: parcels of more units are refused; None refuses nothing.
    latency: seconds each call takes before it reaches the ledger.
    """

    decline_above: int | None = None
    unavailable_above_units: int | None = None
    latency: float = 0.0


async def call(
    pool: asyncpg.Pool, settings: SimulationSettings, operation: Operation, statement: str, *arguments: object
) -> asyncpg.Record:
    """The row a ledger function answers with. Its last argument says whether it heeds the fault switches.

    Raises GatewayUnavailable where a switch says so: before the effect, or after it is committed, or long before it.
    """
    if settings.latency > 0:
        await asyncio.sleep(settings.latency)
    row = await _row(pool, statement, *arguments, True)
    if row["fault"] == "hang" and row["fault_delay"] is None:
        await pool.execute(_REMEMBER, operation, orjson.dumps(arguments).decode())
        raise GatewayUnavailable("simulated loss of the request")
    if row["fault"] == "hang":
        # Waited for here and not in the database, where it would hold a connection and the locks.
        await asyncio.sleep(row["fault_delay"])
        row = await arrive(pool, statement, *arguments)
    if row["fault"] == "unavailable":
        raise GatewayUnavailable("simulated outage", retry_after=row["fault_delay"] or None)
    if row["fault"] == "lost_reply":
        raise GatewayUnavailable("simulated loss of the reply", retry_after=row["fault_delay"] or None)
    return row


async def arrive(pool: asyncpg.Pool, statement: str, *arguments: object) -> asyncpg.Record:
    """A call reaches the ledger, whatever the switches say."""
    return await _row(pool, statement, *arguments, False)


async def _row(pool: asyncpg.Pool, statement: str, *arguments: object) -> asyncpg.Record:
    row: asyncpg.Record | None = await pool.fetchrow(statement, *arguments)
    if row is None:
        raise RuntimeError("the ledger function answered nothing")
    return row
