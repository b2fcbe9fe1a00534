"""Removes the end of a database's log, as after a fail-over to a replica that lagged."""

import asyncpg

from projections import PROJECTIONS
from tests.running_system import RunningSystem

_GUARDED = ("eventstore.events", "eventstore.streams")
_READ_MODELS = ", ".join(f"'{each.name}'" for each in PROJECTIONS)
# Every read model's table, and the totals: read models restart empty.
_EMPTY = """
select 'truncate ' || string_agg(oid::regclass::text, ', ') from pg_class
 where relnamespace = 'projections'::regnamespace and relkind = 'r'"""
# No reader's checkpoint lies beyond the log.
_LOSE = f"""
delete from eventstore.events where position > $1;
delete from eventstore.streams s where not exists (select from eventstore.events e where e.stream_id = s.stream_id);
update eventstore.streams s set version = (select max(e.version) from eventstore.events e where e.stream_id = s.stream_id);
update eventstore.subscriptions set position = least(position, $1);
update eventstore.subscriptions set position = 0 where name in ({_READ_MODELS});
"""


async def lose_tail(database_url: str, *, after: int) -> None:
    """Delete all events after a position, as the database's owner. Ledgers of gateways and inventory are kept: a
    provider loses nothing."""
    owner = await asyncpg.connect(database_url)
    try:
        async with owner.transaction():
            for table in _GUARDED:
                await owner.execute(f"alter table {table} disable trigger append_only")
            for statement in filter(str.strip, _LOSE.split(";")):
                await owner.execute(statement, *([after] if "$1" in statement else []))
            await owner.execute(await owner.fetchval(_EMPTY))
            for table in _GUARDED:
                await owner.execute(f"alter table {table} enable trigger append_only")
    finally:
        await owner.close()


async def ship(system: RunningSystem, order_id: str) -> list[int]:
    """Place an order and wait until it has shipped; the positions of its events."""
    await system.stock(TEA_1=10)
    await system.place(order_id)
    await system.settled(order_id, "shipped", 120)
    return [event.position async for event in system.app.store.stream(f"order-{order_id}")]
