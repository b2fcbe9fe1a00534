"""The programs of other projects that the deployment runs: found on this machine, Temporal's server built once a version."""

import asyncio
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Final

from deployment.compose import ROOT
from embedded.child import Job, child
from embedded.errors import EmbeddedError

BUILT: Final = ROOT / ".deployment"
_POSTGRES_FOLDERS: Final = Path("/usr/lib/postgresql")
_POSTGRES_OLDEST: Final = 15
_NEEDED: Final = ("postgres", "initdb", "psql", "pg_dump", "pg_restore", "pg_basebackup", "pg_ctl", "pg_isready")
_MODULE: Final = "go.temporal.io/server"
# The packages of the module, and the names under which the images have the programs.
_PACKAGES: Final = {"cmd/server": "temporal-server", "cmd/tools/sql": "temporal-sql-tool"}
_BUILD_LIMIT: Final = 1800.0  # seconds


class Missing(Exception):
    """A program cannot be had; the message names it."""


def postgres_programs() -> Path:
    """The folder of the newest PostgreSQL with all its programs and contrib. Raises Missing."""
    found = sorted(_POSTGRES_FOLDERS.glob("*/bin"), key=lambda each: int(re.sub(r"\D", "", each.parent.name) or 0))
    for folder in reversed(found):
        major = int(re.sub(r"\D", "", folder.parent.name) or 0)
        if major >= _POSTGRES_OLDEST and all((folder / each).exists() for each in _NEEDED):
            return folder
    raise Missing(
        f"PostgreSQL {_POSTGRES_OLDEST} or newer is not below {_POSTGRES_FOLDERS} (Debian: apt install postgresql)"
    )


async def temporal_programs(version: str) -> Path:
    """The folder with Temporal's server and schema tool of that version, built where it is not there. Raises Missing."""
    folder = BUILT / f"temporal-{version}"
    if all((folder / name).exists() for name in _PACKAGES.values()):
        return folder
    go = shutil.which("go")
    if go is None:
        raise Missing("no go on this machine to build Temporal's server with")
    folder.mkdir(parents=True, exist_ok=True)
    for package, name in _PACKAGES.items():
        await _build(go, f"{_MODULE}/{package}@v{version}", folder / name)
    return folder


async def _build(go: str, package: str, program: Path) -> None:
    """Build under the name that go gives it, then rename, so that a build cut short is not taken for a program."""
    half = program.with_name("half")
    job = Job(
        name=f"go install {package}",
        argv=(go, "install", package),
        log=program.with_name("build.log"),
        stop=signal.SIGTERM,
        environment=dict(os.environ) | {"GOBIN": str(half)},
    )
    try:
        async with asyncio.timeout(_BUILD_LIMIT), child(job) as building:
            await building.finished()
    except (EmbeddedError, TimeoutError) as error:
        raise Missing(f"Temporal's server was not built: {error or 'it takes too long'}") from None
    (half / package.partition("@")[0].rpartition("/")[2]).rename(program)
