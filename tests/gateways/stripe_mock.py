"""Stripe's own stripe-mock, which checks every request against Stripe's schema and answers in its form."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from embedded.ports import HOST, free_ports
from tests.plain_http import plain_http
from tests.running_system import until

MODULE = "github.com/stripe/stripe-mock@latest"
BUILD_LIMIT = 300.0  # seconds
START_LIMIT = 60.0


async def stripe_mock_binary(folder: Path) -> str:
    """Path of the program, built into the folder if it is not installed. Skips the test if it cannot be built."""
    installed = shutil.which("stripe-mock", path=os.pathsep.join([os.environ.get("PATH", ""), str(_go_bin())]))
    if installed:
        return installed
    go = shutil.which("go")
    if go is None:
        pytest.skip("neither stripe-mock nor a Go toolchain to build it with is installed")
    build = await asyncio.create_subprocess_exec(
        go, "install", MODULE, env={**os.environ, "GOBIN": str(folder)}, stderr=asyncio.subprocess.PIPE
    )
    with contextlib.suppress(TimeoutError):
        _, output = await asyncio.wait_for(build.communicate(), BUILD_LIMIT)
    if build.returncode is None:
        build.kill()
        await build.wait()
    if build.returncode != 0:
        pytest.skip(f"stripe-mock cannot be built: {output.decode()[-300:]}")
    return str(folder / "stripe-mock")


def _go_bin() -> Path:
    return Path(os.environ.get("GOPATH", Path.home() / "go")) / "bin"


@asynccontextmanager
async def run_stripe_mock(folder: Path) -> AsyncIterator[str]:
    """Run it; yields its address."""
    binary = await stripe_mock_binary(folder)
    [port] = free_ports(1)
    with (folder / "stripe-mock.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary, "-http-addr", f"{HOST}:{port}", stdout=log, stderr=log, cwd=folder
        )
    try:
        address = f"http://{HOST}:{port}"

        async def answers() -> bool:
            assert process.returncode is None, (folder / "stripe-mock.log").read_text()
            try:
                async with plain_http() as client:
                    await client.get(address)
            except httpx.TransportError:
                return False
            return True

        await until(answers, "stripe-mock answers", START_LIMIT)
        yield address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
