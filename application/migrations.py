"""Whether the database is migrated to this version of the program."""

import asyncpg

from eventstore.migrate import migration_folders

# By the table's primary key; dbmate keeps it in public.
_APPLIED = "select version from public.schema_migrations"


async def missing_migrations(pool: asyncpg.Pool) -> list[str] | None:
    """The versions of this program's migrations that are not applied; None where the one that lets us look is missing."""
    async with pool.acquire(timeout=5) as connection:
        try:
            applied = {row["version"] for row in await connection.fetch(_APPLIED, timeout=5)}
        except asyncpg.InsufficientPrivilegeError:
            return None
    return sorted(_shipped_versions() - applied)


def _shipped_versions() -> set[str]:
    """The versions of this program's migrations, the first part of each file's name."""
    return {file.name.partition("_")[0] for folder in migration_folders() for file in folder.glob("*.sql")}
