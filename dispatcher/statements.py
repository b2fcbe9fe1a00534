"""SQL of the dispatcher."""

from typing import Final

# Park an event, by the primary key; a repetition counts up and replaces the reason.
PARK: Final = """
insert into dispatcher.parked as p (position, event_id, event_type, stream, reason) values ($1, $2, $3, $4, $5)
on conflict (position) do update
set reason = excluded.reason, attempts = p.attempts + 1, last_attempt_at = clock_timestamp()"""
# List a page of parked events, by the primary key.
LIST_PARKED: Final = """
select position, event_type, stream, reason, attempts, parked_at, last_attempt_at
  from dispatcher.parked where position > $1 order by position limit $2"""
# Check for a parked event, by the primary key.
IS_PARKED: Final = "select exists (select from dispatcher.parked where position = $1)"
# Count the parked events: a table of few rows.
COUNT_PARKED: Final = "select count(*) from dispatcher.parked"
# Remove a parked event, by the primary key.
REMOVE_PARKED: Final = "delete from dispatcher.parked where position = $1"
