"""Print the schema that all migrations add up to: `python -m embedded.schema > schema.sql`."""

import asyncio
import re
import sys
from pathlib import Path

from embedded.postgres import run_postgres
from eventstore.migrate import migrate

# Lines that differ between two dumps of one schema: versions of the programs, and pg_dump's random key.
_OF_THIS_DUMP = re.compile(r"^(-- Dumped (from|by) .*|\\(un)?restrict .*)\n", re.MULTILINE)


async def dump_schema(dsn: str, programs: Path) -> str:
    """The schema of a database as SQL text, the same for every machine and owner.

    dsn: the owner's address. programs: the folder of a pg_dump of the server's version. Raises RuntimeError with pg_dump's
    message.
    """
    process = await asyncio.create_subprocess_exec(
        str(programs / "pg_dump"),
        "--schema-only",
        "--no-owner",
        f"--dbname={dsn}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problem = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(problem.decode(errors="replace").strip())
    return re.sub(r"\n{3,}", "\n\n", _OF_THIS_DUMP.sub("", output.decode())).strip() + "\n"


async def _dump_migrated() -> str:
    async with run_postgres(None, durable=False) as server:
        await migrate(server.dsn)
        return await dump_schema(server.dsn, server.bin)


if __name__ == "__main__":
    sys.stdout.write(asyncio.run(_dump_migrated()))
