"""Shifts the time limits of purchases instead of waiting."""

import asyncpg


async def pass_time(pool: asyncpg.Pool, seconds: float) -> None:
    """Shift every row of the ledger by so many seconds."""
    await pool.execute(
        """update gateways.easypost_shipments s set buying_until = s.buying_until - make_interval(secs => $1),
            appears_until = s.appears_until - make_interval(secs => $1)""",
        seconds,
    )
