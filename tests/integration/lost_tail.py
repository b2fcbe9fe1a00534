"""Removes the end of a database's log, as after a fail-over to a replica that lagged."""

import asyncpg

from tests.running_system import RunningSystem

_GUARDED = ("eventstore.events", "eventstore.streams")
# Read models restart empty; no reader's checkpoint lies beyond the log.
_LOSE = """
delete from eventstore.events where position > $1;
delete from eventstore.streams s where not exists (select from eventstore.events e where e.stream_id = s.stream_id);
update eventstore.streams s set version = (select max(e.version) from eventstore.events e where e.stream_id = s.stream_id);
update eventstore.subscriptions set position = least(position, $1);
update eventstore.subscriptions set position = 0 where name in ('order-dashboard', 'customer-orders', 'daily-figures');
truncate projections.order_dashboard, projections.customer_orders, projections.daily_figures, projections.order_counts,
    projections.revenue;
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
