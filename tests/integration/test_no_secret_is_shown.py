"""Configured secrets are in no output, at the most verbose log level and in the worst case: no service answers."""

import asyncio
import os
import sys

import pytest

PASSWORD, API_KEY = "hunter2-of-the-database", "hunter2-of-temporal"
NOBODY = "127.0.0.1:9"
COMMANDS = ["migrate", "api", "list", "show any", "health", "audit", "attention", "worker", "place -", "timeline any"]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_command_that_reaches_nothing_shows_no_secret(command: str) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://orders:{PASSWORD}@{NOBODY}/orders",
        "TEMPORAL_ADDRESS": NOBODY,
        "TEMPORAL_API_KEY": API_KEY,
        "ORDERS_LOG_LEVEL": "debug",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli",
        *command.split(),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output = (await process.communicate())[0].decode()
    assert NOBODY in output, "the address without an answer is named"
    assert PASSWORD not in output
    assert API_KEY not in output
    assert "Traceback" not in output
    assert process.returncode == 1
