"""SQL of the room."""

from typing import Final

# Those of the positions that the dispatcher has parked, by the primary key of parked.
PARKED_POSITIONS: Final = "select position from dispatcher.parked where position = any ($1::bigint[])"

# Those of the positions whose bulk orders wait for a place, by the primary key of bulk.
WAITING_POSITIONS: Final = """
select position from dispatcher.bulk where position = any ($1::bigint[]) and started_at is null"""

# Messages that are published, with their topic, by events_id_key.
PUBLISHED_MESSAGES: Final = """
select e.id, s.name from eventstore.events e join eventstore.streams s using (stream_id) where e.id = any ($1::uuid[])"""
