"""SQL of the event store."""

from typing import Final

# Null for a time that Python's datetime cannot hold, so that only its event fails.
RECORDED_AT: Final = """
case when e.recorded_at >= '0001-01-02 00:00+00' and e.recorded_at < '9999-12-31 00:00+00' then e.recorded_at end"""
_COLUMNS: Final = f"""
e.position, s.name, e.version, e.id, e.type, e.schema_version, e.data::text, e.metadata::text, {RECORDED_AT}"""

# Append the events of one stream: the function locks the stream's row.
APPEND: Final = "select * from eventstore.append($1, $2, $3, $4, $5, $6, $7)"
# Append one event: the function locks the stream's row. Null, or a violation of events_id_key, where APPEND gives the reason.
APPEND_LONE: Final = "select eventstore.append_lone($1, $2, $3, $4, $5, $6, $7)"
# Append one event to each of several streams, without waiting for locked ones.
APPEND_EACH: Final = "select * from eventstore.append_each($1, $2, $3, $4, $5, $6, $7)"
# Read a page of a stream, by events_stream_version_key.
READ_STREAM: Final = f"""
select {_COLUMNS} from eventstore.streams s join eventstore.events e using (stream_id)
 where s.name = $1 and e.version >= $2 order by e.version limit $3"""
# Read a page of a stream backwards, by events_stream_version_key.
READ_STREAM_BACKWARDS: Final = f"""
select {_COLUMNS} from eventstore.streams s join eventstore.events e using (stream_id)
 where s.name = $1 and e.version <= $2 order by e.version desc limit $3"""
# Read a page of the log, by the primary key; a statement after SETTLED, as its snapshot must be newer than that wait.
# The time as microseconds since 1970: the driver takes longer for a time than for all other columns together.
READ_ALL: Final = """
select position, stream, version, id, type, schema_version, data, metadata,
       (extract(epoch from recorded_at) * 1000000)::bigint as recorded_at
  from eventstore.read_all($1, $2, $3, $4, $5, $6, $7)"""
# Read the event at a position, by the primary key.
READ_AT: Final = f"""
select {_COLUMNS} from eventstore.events e join eventstore.streams s using (stream_id) where e.position = $1"""
# Find the ids that the log has, by events_id_key.
KNOWN: Final = "select e.id from eventstore.events e where e.id = any ($1::uuid[])"
# Wait for the writers in progress; the position up to which the log does not change any more.
SETTLED: Final = "select eventstore.settled()"

# Create a checkpoint, unless it exists.
CREATE_CHECKPOINT: Final = """
insert into eventstore.subscriptions (name, position) values ($1, $2) on conflict (name) do nothing"""
# Read a checkpoint, by the primary key.
READ_CHECKPOINT: Final = "select position from eventstore.subscriptions where name = $1"
# The transaction's commit does not wait for the disk: after a crash of the server, a reader repeats its last pages.
_UNAWAITED: Final = "with unawaited as materialized (select set_config('synchronous_commit', 'off', true))"
# Move a checkpoint from a position, by the primary key. Fencing: a runner that has lost its lease finds it moved.
ADVANCE_CHECKPOINT: Final = f"""
{_UNAWAITED}
update eventstore.subscriptions set position = $3, updated_at = clock_timestamp() from unawaited
 where name = $1 and position = $2"""
# Lock a checkpoint's row, by the primary key: no runner of the subscription moves it until the end of the transaction.
LOCK_CHECKPOINT: Final = "select position from eventstore.subscriptions where name = $1 for update"
# Count the events behind each checkpoint, by the primary key of events: its cost grows with the lag.
LAG: Final = """
select s.name, s.position, s.updated_at,
       (select count(*) from eventstore.events e where e.position > s.position) as events,
       coalesce((select extract(epoch from clock_timestamp() - e.recorded_at)::float from eventstore.events e
                  where e.position > s.position order by e.position limit 1), 0) as seconds
  from eventstore.subscriptions s where $1::text is null or s.name = $1 order by s.name"""

# Park events, by the primary key of parked; a repetition counts up and replaces the reason.
PARK: Final = """
insert into eventstore.parked as p (consumer, position, reason) select $1, * from unnest($2::bigint[], $3::text[])
on conflict (consumer, position) do update
set reason = excluded.reason, attempts = p.attempts + 1, last_attempt_at = clock_timestamp()"""
# List a page of a consumer's parked events, by the primary keys of parked and events.
LIST_PARKED: Final = """
select p.position, e.type, s.name, e.version, p.reason, p.attempts, p.parked_at, p.last_attempt_at
  from eventstore.parked p join eventstore.events e using (position) join eventstore.streams s using (stream_id)
 where p.consumer = $1 and p.position > $2 order by p.position limit $3"""
# Read the reasons of a consumer's parked events, by the primary key.
PARKED_REASONS: Final = "select position, reason from eventstore.parked where consumer = $1 order by position"
# Find the parked ones of some positions, by the primary key.
PARKED_OF: Final = "select position from eventstore.parked where consumer = $1 and position = any ($2::bigint[])"
# Count the parked events by consumer: a table of few rows.
COUNT_PARKED: Final = "select consumer, count(*) from eventstore.parked group by consumer"
# Remove a parked event, by the primary key.
UNPARK: Final = "delete from eventstore.parked where consumer = $1 and position = $2"
# Remove a consumer's parked events, by the primary key.
CLEAR_PARKED: Final = "delete from eventstore.parked where consumer = $1"
# Give a consumer's parked events to another consumer, by the primary key.
MOVE_PARKED: Final = "update eventstore.parked set consumer = $2 where consumer = $1"
# Remove parked events behind the log's end, which a fail-over has cut short: a table of few rows.
FORGET_LOST_PARKED: Final = "delete from eventstore.parked where position > $1"

# Open the lanes of a reader; locks its row, by the primary key of subscriptions.
OPEN_LANES: Final = "select eventstore.open_lanes($1, $2)"
# Move the checkpoint of some lanes and read their next page, by the primary keys of subscriptions and events.
NEXT_PAGE: Final = f"""
{_UNAWAITED}
select page.* from unawaited, eventstore.next_page($1, $2, $3, $4, $5, $6, $7, $8) page"""

# Wake other processes. NOTIFY holds a cluster-wide lock during its commit, which therefore does not wait for the disk.
NOTIFY: Final = "select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"
# Take a session's advisory lock, without waiting.
TRY_LOCK: Final = "select pg_try_advisory_lock($1)"
# Take a session's advisory lock as one of several holders, without waiting.
TRY_LOCK_SHARED: Final = "select pg_try_advisory_lock_shared($1)"
# Take the free ones of some advisory locks, without waiting.
TRY_LOCKS: Final = "select key from unnest($1::bigint[]) key where pg_try_advisory_lock(key)"
# Free some advisory locks of this session.
UNLOCK: Final = "select pg_advisory_unlock(key) from unnest($1::bigint[]) key"
# Count the holders of a lock, and find the holder of each of some others: true for this session. No row unless this session
# holds the first lock. Reads the server's locks, which are few.
SHARES: Final = """
with held as materialized (
    select classid::bigint << 32 | objid::bigint as key, pid from pg_locks
     where locktype = 'advisory' and granted and objsubid = 1
       and database = (select oid from pg_database where datname = current_database()))
select (select count(*) from held where key = $1) as members,
       array(select key from held where key = any ($2) and pid = pg_backend_pid()) as own,
       array(select key from held where key = any ($2) and pid is distinct from pg_backend_pid()) as of_others
 where exists (select from held where key = $1 and pid = pg_backend_pid())"""
# Check that this session holds the lock: a lock by a 64-bit key has its halves in classid and objid.
HOLDS_LOCK: Final = """
select exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid() and granted
                  and (classid::bigint << 32 | objid::bigint) = $1::bigint)"""
# Find the session that holds the lock.
LOCK_HOLDER: Final = """
select a.pid, a.usename, host(a.client_addr) as client_addr, a.backend_start at time zone 'UTC' as backend_start
  from pg_locks l join pg_stat_activity a using (pid)
 where l.locktype = 'advisory' and l.granted and l.objsubid = 1
   and l.database = (select oid from pg_database where datname = current_database())
   and (l.classid::bigint << 32 | l.objid::bigint) = $1::bigint
 limit 1"""
# The process id of the session's backend.
BACKEND: Final = "select pg_catalog.pg_backend_pid()"
# True where the connection is encrypted.
ENCRYPTED: Final = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
# "off" on a host that accepts writes.
READ_ONLY: Final = "show transaction_read_only"

# Find planted objects, in the catalogs alone, which runs none of them. Trusted are the objects of superusers, of the owner of
# the database or of the log, and of the role that migrates. Before 20260504000001, which has the same text, the
# application's role owned the read models' tables: it may own these and nothing else, with nothing on them that runs.
PLANTED: Final = """
    with trusted as (
        select oid from pg_roles
         where rolsuper or rolname = current_user
            or oid = (select datdba from pg_database where datname = current_database())
            or oid = (select nspowner from pg_namespace where nspname = 'eventstore')
    ), owned as (
        select d.classid, d.objid, i.type, i.schema, i.name, i.identity
          from pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
         where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass and d.refobjid not in (select oid from trusted)
           and d.dbid = (select oid from pg_database where datname = current_database())
           and (coalesce(i.schema, i.name) in ('dispatcher', 'eventstore', 'gateways', 'inventory', 'projections', 'simulated',
                                               'web', 'webhooks')
                or i.identity = 'public.schema_migrations')
    ), given as (
        select c.* from pg_class c join owned o on o.classid = 'pg_class'::regclass and o.objid = c.oid
         where c.relkind = 'r' and c.relpersistence = 'p' and o.schema = 'projections'
    )
    select type || ' ' || identity from owned
     where not (classid = 'pg_class'::regclass and objid in (select oid from given))
    union all
    select 'row security on ' || oid::regclass from given where relrowsecurity or relforcerowsecurity
    union all
    select 'policy ' || polname || ' on ' || polrelid::regclass from pg_policy
     where polrelid in (select oid from given)
    union all
    select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass
      from pg_trigger t join given g on g.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal
       and (t.tgqual is not null or p.pronamespace <> g.relnamespace or p.proowner not in (select oid from trusted))
    union all
    select 'rule ' || rulename || ' on ' || ev_class::regclass from pg_rewrite where ev_class in (select oid from given)
    union all
    select 'default or generated column of ' || adrelid::regclass from pg_attrdef
     where adrelid in (select oid from given)
    union all
    select 'constraint ' || conname || ' on ' || conrelid::regclass from pg_constraint
     where (conrelid in (select oid from given) and contype not in ('p', 'n'))
        or confrelid in (select oid from given)
    union all
    select 'index ' || indexrelid::regclass from pg_index
     where indrelid in (select oid from given)
       and (indexprs is not null
            or exists (select from pg_depend where classid = 'pg_class'::regclass and objid = indexrelid
                          and refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass)))
    union all
    select 'statistics ' || stxname || ' on ' || stxrelid::regclass from pg_statistic_ext
     where stxrelid in (select oid from given)
    union all
    select 'column ' || attname || ' of ' || attrelid::regclass from pg_attribute
     where attrelid in (select oid from given) and attnum > 0 and not attisdropped
       and atttypid not in (select oid from pg_type where typnamespace = 'pg_catalog'::regnamespace)
    union all
    select 'inheritance of ' || inhrelid::regclass || ' from ' || inhparent::regclass from pg_inherits
     where inhrelid in (select oid from given) or inhparent in (select oid from given)
"""

# Lag of each reader, by the events' primary key, twice for each; the count ends at 100,000.
READER_LAGS: Final = """
select s.name,
       (select count(*) from (select from eventstore.events e where e.position > s.position limit 100000) behind),
       coalesce((select extract(epoch from clock_timestamp() - e.recorded_at)::float from eventstore.events e
                  where e.position > s.position order by e.position limit 1), 0)
  from eventstore.subscriptions s"""
# One row by its primary key, written and committed.
PROBE_WRITE: Final = "update eventstore.probe set at = clock_timestamp() where only_row"
# Distance of the sequence of positions behind the log, by the last event of its primary key.
SEQUENCE_LAG: Final = "select eventstore.sequence_lag()"
# Sequences set to the end of their tables, as the owner: the application has no right to them. Checkpoints count as well as the
# log: an append at or below one of them would be refused.
SET_SEQUENCES: Final = (
    "select setval('eventstore.event_position', greatest(1, (select max(position) from eventstore.events), "
    "(select max(greatest(position, passed)) from eventstore.subscriptions)))",
    "select setval(pg_get_serial_sequence('eventstore.streams', 'stream_id'), greatest(max(stream_id), 1)) "
    "from eventstore.streams",
)
# Checkpoints beyond a position, by a read of the whole small table.
CHECKPOINTS_BEYOND: Final = "select name, position from eventstore.subscriptions where position > $1 order by name"
# A checkpoint set back to a position, by the primary key.
SET_BACK: Final = (
    "update eventstore.subscriptions set position = $2, updated_at = now() where name = $1 and position > $2"
)
# Streams of events, by events_id_key.
STREAMS_OF_EVENTS: Final = """
select e.id, s.name from eventstore.events e join eventstore.streams s using (stream_id) where e.id = any ($1::uuid[])"""
