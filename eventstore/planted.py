"""Refuses to migrate where objects of another role than the owner would run with the owner's rights."""

import asyncpg

from eventstore.statements import PLANTED


class Planted(Exception):
    """Objects of another role exist in the schemas of the migrations. Find their creator, and drop them."""

    def __init__(self, objects: list[str]) -> None:
        super().__init__(
            f"not migrated: these could run with the owner's rights, and another role has made them: {', '.join(objects)}. "
            "Find out how they came there, drop them as the owner, and migrate again"
        )
        self.objects = objects


async def refuse_planted(connection: asyncpg.Connection) -> None:
    """Raises Planted. The connection's search_path must be pg_catalog."""
    found = sorted({row[0] for row in await connection.fetch(PLANTED)})
    if found:
        raise Planted(found)
