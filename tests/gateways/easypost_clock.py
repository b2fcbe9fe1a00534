"""The time limits of purchases, moved instead of waited for."""

import asyncpg


async def pass_time(pool: asyncpg.Pool, seconds: float) -> None:
    """Let so many seconds pass for every row of the ledger."""
    await pool.execute(
        """update gateways.easypost_shipments s set buying_until = s.buying_until - make_interval(secs => $1),
            appears_until = s.appears_until - make_interval(secs => $1)""",
        seconds,
    )
