"""SQL of readiness, rights and recovery."""

from typing import Final

# Versions of applied migrations, by the table's primary key; dbmate keeps it in public.
APPLIED_MIGRATIONS: Final = "select version from public.schema_migrations"

# Relations of ours that the role may not read, catalogs alone: a dump restored without its grants has lost all of them.
UNREADABLE_RELATIONS: Final = """
select format('%I.%I', n.nspname, c.relname)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = any ($1) and c.relkind in ('r', 'p') and not has_table_privilege(c.oid, 'select')
 order by 1"""

# One row by its primary key, written and committed.
PROBE_WRITE: Final = "update eventstore.probe set at = clock_timestamp() where only_row"

# Distance of the sequence of positions behind the log, by the last event of its primary key.
SEQUENCE_LAG: Final = "select eventstore.sequence_lag()"

# The login, if it can act as the log's owner, catalogs alone: it can remove what keeps the log append-only.
LOGIN_WITH_OWNERS_RIGHTS: Final = """
select session_user from pg_class
 where oid = to_regclass('eventstore.events') and pg_has_role(session_user, relowner, 'member')"""

# Rights of the application's role beyond its work, catalogs alone.
EXCESS_RIGHTS_OF_ROLE: Final = """
select case when rolsuper then 'is a superuser' when rolcreaterole then 'may create roles'
            when rolbypassrls then 'bypasses row security' end
  from pg_roles where rolname = $1 and (rolsuper or rolcreaterole or rolbypassrls)
union all
select 'may act as ' || rolname from pg_roles where rolname <> $1 and pg_has_role($1, oid, 'member')
union all
select 'may create in schema ' || nspname from pg_namespace
 where nspname !~ '^pg_(toast_)?temp' and has_schema_privilege($1, oid, 'create')
union all
select 'may create schemas' where has_database_privilege($1, current_database(), 'create')"""

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
