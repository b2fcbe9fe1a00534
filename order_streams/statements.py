"""SQL that reads many order streams at once."""

from typing import Final

from eventstore.statements import RECORDED_AT

# Names of streams in a range, a page along streams_name_key, whose order is that of the order ids.
STREAM_NAMES: Final = (
    "select s.name from eventstore.streams s where s.name > $1 and s.name < $2 order by s.name limit $3"
)

# The events of streams, by streams_name_key, then events_stream_version_key; one snapshot for a stream's version and events.
EVENTS_OF_STREAMS: Final = f"""
select s.name, s.version as stream_version, e.position, e.version, e.id, e.type, e.schema_version, e.data, e.metadata,
       {RECORDED_AT} as recorded_at
  from eventstore.streams s left join eventstore.events e using (stream_id)
 where s.name = any ($1::text[]) order by s.name, e.version"""

# Those of the names that no stream has, by streams_name_key.
NAMES_WITHOUT_STREAM: Final = """
select w.name from unnest($1::text[]) as w (name)
 where not exists (select from eventstore.streams s where s.name = w.name)"""
