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
