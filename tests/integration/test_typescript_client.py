"""A TypeScript client generated from the API's description is type-checked and run; a linter finds nothing in the description.

Needs node, npm, and the packages of tests/typescript/package.json from npm's cache or registry; skipped without them.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from temporalio.client import Client

from tests.integration.api_harness import KEYS, OPERATOR, Api, api_of
from tests.running_system import running_system

SOURCES: Final = Path(__file__).parents[1] / "typescript"
# A lock file would record the addresses of downloads; the versions in package.json are exact. No script of a package runs.
INSTALL: Final = (
    *("npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"),
    *("--fetch-retries=0", "--fetch-timeout=20000"),
)
QUIET: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None or shutil.which("node") is None, reason="node and npm are not installed"
)


async def run(folder: Path, *command: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=os.environ | QUIET, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def succeeded(folder: Path, *command: str) -> str:
    """Standard output of a command, which must succeed."""
    code, out, err = await run(folder, *command)
    assert code == 0, f"{command}: {out}{err}"
    return out


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with (
        running_system(database_url, temporal_client, api_keys=KEYS) as system,
        api_of(system.app, temporal_client, key=OPERATOR) as opened,
    ):
        await system.stock(TEA_1=10)
        yield opened


async def test_a_generated_client_compiles_and_ships_an_order_and_a_linter_finds_nothing(
    served: Api, tmp_path: Path
) -> None:
    for file in SOURCES.iterdir():
        shutil.copy(file, tmp_path)
    code, _, err = await run(tmp_path, *INSTALL)
    if code:
        pytest.skip(f"the packages of tests/typescript/package.json cannot be installed: {err.strip()[-300:]}")
    (tmp_path / "openapi.json").write_text(json.dumps(await served.get("/v1/openapi.json")))
    programs = tmp_path / "node_modules" / ".bin"
    await succeeded(tmp_path, str(programs / "openapi-typescript"), "openapi.json", "--output", "schema.ts")
    await succeeded(tmp_path, str(programs / "tsc"))
    assert (await succeeded(tmp_path, "node", "built/client.js", served.url, OPERATOR)).startswith("ts-1 shipped")
    _, linted, err = await run(tmp_path, str(programs / "redocly"), "lint", "openapi.json", "--format", "json")
    found = json.loads(linted)
    assert [f"{each['ruleId']}: {each['message']}" for each in found["problems"]] == [], err
