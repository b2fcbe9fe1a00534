"""Periodic upkeep of the deliveries: forgotten ones are signalled again, old ones are deleted."""

from datetime import timedelta
from typing import Final

import asyncpg

from webhooks import statements

# A workflow that was terminated, or that Temporal lost, leaves its deliveries pending. The next attempt is at most an hour
# away, unless the receiver asked for a longer pause, which next_attempt_at holds.
SIGNALLED_LONG_AGO: Final = timedelta(hours=1)
LONG_DUE: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=30)
_BATCH: Final = 1_000


async def wake_forgotten(
    pool: asyncpg.Pool, *, signalled: timedelta = SIGNALLED_LONG_AGO, due: timedelta = LONG_DUE
) -> None:
    """Have the relay signal the deliveries again that were signalled long ago and are overdue."""
    await pool.execute(statements.WAKE_FORGOTTEN, signalled, due)


async def prune(pool: asyncpg.Pool, *, batch: int = _BATCH) -> bool:
    """Delete a batch of old delivered deliveries; True when there may be more."""
    return str(await pool.execute(statements.PRUNE, KEPT, batch)) == f"DELETE {batch}"
