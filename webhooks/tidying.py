"""What is done now and then: deliveries that nobody tries are signalled anew, old ones are deleted."""

from datetime import timedelta
from typing import Final

import asyncpg

# A workflow that was terminated, or that Temporal lost, leaves its deliveries pending. An attempt is never further off than
# an hour, unless a receiver asked for a longer pause, which next_attempt_at tells.
SIGNALLED_LONG_AGO: Final = timedelta(hours=1)
LONG_DUE: Final = timedelta(minutes=10)
KEPT: Final = timedelta(days=30)
_BATCH: Final = 1_000

# By the first pending one of each order, by deliveries_pending: long signalled, long due, and nobody tries it.
_FORGOTTEN: Final = """
update webhooks.deliveries d set signalled_at = null
  from (select distinct on (p.endpoint_id, p.order_id) p.endpoint_id, p.order_id, p.signalled_at, p.next_attempt_at, p.since
          from webhooks.deliveries p join webhooks.endpoints e on e.id = p.endpoint_id and e.enabled
         where p.state = 'pending' order by p.endpoint_id, p.order_id, p.position) f
 where d.endpoint_id = f.endpoint_id and d.order_id = f.order_id and d.state = 'pending'
   and f.signalled_at < clock_timestamp() - $1::interval
   and coalesce(f.next_attempt_at, f.since) < clock_timestamp() - $2::interval"""
# By deliveries_ended, a batch.
_PRUNE: Final = """
delete from webhooks.deliveries where ctid = any (array(
    select ctid from webhooks.deliveries
     where state = 'delivered' and ended_at < clock_timestamp() - $1::interval order by ended_at limit $2))"""


async def wake_forgotten(
    pool: asyncpg.Pool, *, signalled: timedelta = SIGNALLED_LONG_AGO, due: timedelta = LONG_DUE
) -> None:
    """Have the relay signal what was signalled long ago and should have been tried since."""
    await pool.execute(_FORGOTTEN, signalled, due)


async def prune(pool: asyncpg.Pool, *, kept: timedelta = KEPT, batch: int = _BATCH) -> bool:
    """Delete a batch of what was delivered long ago; True when there may be more."""
    return str(await pool.execute(_PRUNE, kept, batch)) == f"DELETE {batch}"
