"""Migrations of this version of the program that the database lacks."""

import asyncpg

from application.statements import APPLIED_MIGRATIONS
from eventstore.migrate import migration_folders


async def missing_migrations(pool: asyncpg.Pool) -> list[str] | None:
    """Versions of this program's migrations that are not applied; None if the migration that grants the read is missing."""
    async with pool.acquire(timeout=5) as connection:
        try:
            applied = {row["version"] for row in await connection.fetch(APPLIED_MIGRATIONS, timeout=5)}
        except asyncpg.InsufficientPrivilegeError:
            return None
    return sorted(_shipped_versions() - applied)


def _shipped_versions() -> set[str]:
    """Versions of this program's migrations, the first part of each file's name."""
    return {file.name.partition("_")[0] for folder in migration_folders() for file in folder.glob("*.sql")}
