"""docs/operations.md on the HTTP API: its examples run, and its list of problems is complete."""

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from temporalio.client import Client

from tests.integration.api_harness import KEYS, OPERATOR, api_of
from tests.running_system import running_system

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "docs" / "operations.md").read_text().partition("\n## The HTTP API\n")[2].partition("\n## ")[0]
EXAMPLES = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
async def test_the_examples_do_what_they_say(database_url: str, temporal_client: Client) -> None:
    stated = ""
    async with (
        running_system(database_url, temporal_client, api_keys=KEYS) as system,
        api_of(system.app, temporal_client, key=OPERATOR) as served,
    ):
        for example in EXAMPLES:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-euo", "pipefail", "-c", example),
                cwd=ROOT,
                env={**os.environ, "API": served.url, "KEY": OPERATOR},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            output, _ = await process.communicate()
            assert process.returncode == 0, example + output.decode()
            stated += output.decode()
    assert len(EXAMPLES) == 9
    assert '"actor":"api:cyd"' in stated
    assert '"orderId":"nw-10248","changed":true' in stated
    assert '"status":"cancelled"' in stated
    assert re.search(r"event: start\ndata: .*\n", stated)
    assert re.search(r'event: end\ndata: .*"left":0', stated)
    assert re.search(r"event: order\.cancelled\ndata: .*\nid: [23]\n", stated)


def test_every_kind_of_problem_is_documented() -> None:
    code = "".join(file.read_text() for file in sorted((ROOT / "web").glob("*.py")))
    kinds = set(re.findall(r'(?:Problem\(\s*|super\(\).__init__\(\s*)\d{3},\s*"([a-z-]+)"', code))
    kinds |= {
        "order-already-exists",
        "order-not-cancellable",
        "refund-out-of-range",
        "too-many-tags",
    }  # named by their errors
    documented = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", SECTION))
    assert len(kinds) > 20
    assert kinds <= documented
