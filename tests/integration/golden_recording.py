"""A running system with both its edges, whose outputs are collected for `golden`."""

import asyncio
import gc
import io
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cli import app, output, running
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.ports import HOST, free_ports
from eventstore.checkpoints import lags
from projections import PROJECTIONS
from tests.integration import golden
from tests.integration.api_harness import Api
from tests.integration.cli_harness import Ended, Shell
from tests.running_system import RunningSystem, until
from tests.workflow.steering import Held, Steering
from webhooks.endpoints import READER as WEBHOOKS

READERS = (DISPATCHER, *(each.name for each in PROJECTIONS), WEBHOOKS)
Outputs = dict[str, str]


class Recording:
    """A running system with both its edges, and the outputs so far."""

    def __init__(self, system: RunningSystem, api: Api, shell: Shell, steering: Steering) -> None:
        self.system, self.api, self.shell, self.steering = system, api, shell, steering
        self.outputs: Outputs = {}

    async def command(self, name: str, *arguments: str, code: int = 0) -> Any:
        """Run a command that prints one document."""
        ended = await self.run(*arguments, code=code)
        self.outputs[f"cli-{name}.json"] = golden.document(ended.document)
        return ended.document

    async def run(self, *arguments: str, code: int = 0) -> Ended:
        """Run a command inside this process, in a thread with an event loop of its own: a process takes seconds to start."""
        ended = await asyncio.to_thread(_run, (*arguments, "--json"))
        assert ended.code == code, f"{arguments}: {ended}"
        return ended

    async def serving(self, name: str, *arguments: str) -> None:
        """Run a command that serves up to its line, beside any other copy of the program."""
        free = f"{HOST}:{free_ports(1)[0]}"
        async with self.shell.started(*arguments, "--json", ORDERS_API_ADDRESS=free) as process, asyncio.timeout(180):
            assert process.stdout is not None
            line = await process.stdout.readline()
            process.terminate()
            _, err = await process.communicate()
        assert line, err
        self.outputs[f"cli-{name}.json"] = golden.document(json.loads(line))

    async def get(self, name: str, path: str, **query: Any) -> Any:
        document = await self.api.get(path, **query)
        self.outputs[f"api-{name}.json"] = golden.document(document)
        return document

    async def post(self, name: str, path: str, body: Any, status: int, method: str = "POST") -> Any:
        answer = await self.api.http.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        self.outputs[f"api-{name}.json"] = golden.document(answer.json())
        return answer.json()

    async def stopped(self, order_id: str) -> Held:
        """Place an order whose workflow stops before its shipment."""
        held = self.steering.hold_before("create-shipment")
        await self.system.place(order_id)
        await asyncio.wait_for(held.reached.wait(), 60)
        return self.steering.before.pop("create-shipment")

    async def quiet(self) -> None:
        """Wait until every reader has reached the end of the log."""

        async def done() -> bool:
            behind = [lag.events for name in READERS for lag in await lags(self.system.app.pool, name)]
            return not any(behind)

        await until(done, "every reader is at the log's end", 60)


def _run(arguments: tuple[str, ...]) -> Ended:
    out = io.BytesIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "_write", out.write)
        with pytest.raises(SystemExit) as ended:
            app(arguments, prog_name="orders")
    return Ended(int(ended.value.code or 0), out.getvalue().decode(), "")


def _run_in_this_thread(main: Callable[[], Coroutine[Any, Any, int]], *, margin: float) -> int:
    """Run a command's coroutine as `process.run` does, without its signal handlers."""

    async def then_collect() -> int:
        try:
            return await main()
        finally:
            gc.collect()  # while a loop runs, see tests/conftest.py

    return asyncio.run(then_collect())


@contextmanager
def in_this_process(shell: Shell) -> Iterator[None]:
    """Have `Recording.run` run commands in this process, in the shell's folder and environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "run", _run_in_this_thread)
        patch.setattr(running, "_configure_telemetry", lambda settings, serves: None)
        patch.chdir(shell.folder)
        for name, value in shell.environment.items():
            patch.setenv(name, value)
        yield
