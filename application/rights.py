"""Whether the application has more rights in the database than it needs, so that its own mistakes are not held by any."""

from typing import Final

import asyncpg
import structlog

from eventstore.pool import ROLE

# Catalogs alone. A login that can act as the log's owner can do away with what keeps the log append-only.
_LOGIN: Final = """
select session_user from pg_class
 where oid = to_regclass('eventstore.events') and pg_has_role(session_user, relowner, 'member')"""
_ROLE: Final = """
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
_log = structlog.get_logger(__name__)


async def excess_rights(pool: asyncpg.Pool) -> list[str]:
    """What the login or the application's role may beyond its work, a sentence each; none where all is well."""
    async with pool.acquire(timeout=5) as connection:
        login = await connection.fetchval(_LOGIN, timeout=5)
        role = await connection.fetch(_ROLE, ROLE, timeout=5)
    found = [f"{ROLE} {row[0]}" for row in role]
    if login is not None:
        found.insert(0, f"the login {login} may act as the log's owner: give the application a login of its own")
    return found


async def warn_of_excess_rights(pool: asyncpg.Pool) -> None:
    """One line of the log where there are any. Nothing ends for it: the work goes on as well as before."""
    try:
        found = await excess_rights(pool)
    except (asyncpg.PostgresError, OSError) as error:
        _log.debug("the database's rights were not looked at", error=str(error))
        return
    if found:
        _log.warning("the database's rights are insecure", rights=found)
