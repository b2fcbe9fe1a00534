"""Rights in the database beyond those that the application needs."""

import asyncpg
import structlog

from application.statements import EXCESS_RIGHTS_OF_ROLE, LOGIN_WITH_OWNERS_RIGHTS
from eventstore.pool import ROLE

_log = structlog.get_logger(__name__)


async def excess_rights(pool: asyncpg.Pool) -> list[str]:
    """Rights of the login or the application's role beyond its work, a sentence each."""
    async with pool.acquire(timeout=5) as connection:
        login = await connection.fetchval(LOGIN_WITH_OWNERS_RIGHTS, timeout=5)
        role = await connection.fetch(EXCESS_RIGHTS_OF_ROLE, ROLE, timeout=5)
    found = [f"{ROLE} {row[0]}" for row in role]
    if login is not None:
        found.insert(0, f"the login {login} may act as the log's owner: give the application a login of its own")
    return found


async def warn_of_excess_rights(pool: asyncpg.Pool) -> None:
    """Log one warning if there are excess rights. They do not keep the process from its work."""
    try:
        found = await excess_rights(pool)
    except (asyncpg.PostgresError, OSError) as error:
        _log.debug("the database's rights were not examined", error=str(error))
        return
    if found:
        _log.warning("the database's rights are insecure", rights=found)
