"""SQL of the dispatcher."""

from typing import Final

# Record bulk orders as waiting, by the primary key. Another event at the position is of a log that a fail-over has cut short.
POSTPONE: Final = """
insert into dispatcher.bulk as b (position, event_id, stream)
select * from unnest($1::bigint[], $2::uuid[], $3::text[])
on conflict (position) do update
set event_id = excluded.event_id, stream = excluded.stream, started_at = null where b.event_id <> excluded.event_id"""
# Free the places that were taken before the time limit, by bulk_started; then the waiting bulk orders for the free places, in
# the order of the log, by bulk_waiting.
DUE: Final = """
with expired as (delete from dispatcher.bulk where started_at < clock_timestamp() - $3::interval),
taken as (select count(*) as places from dispatcher.bulk where started_at >= clock_timestamp() - $3::interval)
select position, event_id from dispatcher.bulk where started_at is null order by position
 limit least($1, greatest(0, $2 - (select places from taken)))"""
# True if a bulk order is waiting, by bulk_waiting.
ANY_WAITING: Final = "select exists (select from dispatcher.bulk where started_at is null)"
# Count the waiting bulk orders, by bulk_waiting.
COUNT_WAITING: Final = "select count(*) from dispatcher.bulk where started_at is null"
# Take places, by the primary key.
TAKE_PLACES: Final = """
update dispatcher.bulk set started_at = clock_timestamp() where position = any ($1::bigint[]) and started_at is null"""
# Free the places of orders, by bulk_stream.
FREE_PLACES: Final = "delete from dispatcher.bulk where stream = any ($1::text[])"
# Forget bulk orders whose event is not in the log, by the primary key.
FORGET: Final = "delete from dispatcher.bulk where position = any ($1::bigint[])"
# Those of the positions whose bulk orders wait for a place, by the primary key of bulk.
WAITING_POSITIONS: Final = """
select position from dispatcher.bulk where position = any ($1::bigint[]) and started_at is null"""
