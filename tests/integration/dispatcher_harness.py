"""A dispatcher that a test steps by hand, without a worker; and a proxy that simulates outages of Temporal."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RetryConfig, RPCError, RPCStatusCode

from bootstrap import App, build_app
from dispatcher.dispatcher import NAME, Dispatcher
from embedded.temporal import TemporalServer
from eventstore.checkpoints import open_checkpoint
from eventstore.model import ANY, NewEvent
from eventstore.parking import ParkedEvent, Parking
from eventstore.pool import open_pool
from orders.commands import CancelOrder, ConfirmOrder, RecordPayment, RecordShipment
from orders.events import CancelledBy
from settings import Settings
from tests.running_system import RunningSystem, new_id

WORKFLOWS = ("validate-order", "fulfill-order", "notify-shipment")
_REWIND = "update eventstore.subscriptions set position = 0 where name = $1"


@dataclass(frozen=True)
class Dispatching:
    """An application without processes: the test appends by commands, and steps the dispatcher."""

    system: RunningSystem
    dispatcher: Dispatcher

    @property
    def app(self) -> App:
        return self.system.app

    async def confirm(self, order_id: str) -> None:
        await self.system.handle(order_id, ConfirmOrder(order_id))

    async def ship(self, order_id: str, amount: int = 30_00) -> None:
        """Record payment and shipment in the stream."""
        await self.system.handle(order_id, RecordPayment(order_id, f"pay-{order_id}", amount, "EUR"))
        await self.system.handle(order_id, RecordShipment(order_id, f"shp-{order_id}", f"TRK-{order_id}", "A carrier"))

    async def cancel(self, order_id: str, by: CancelledBy) -> None:
        await self.system.handle(order_id, CancelOrder(order_id, "for the test", by))

    async def append(self, stream: str, event: NewEvent) -> int:
        """Append an event against the domain's rules; returns its position."""
        return (await self.app.store.append(stream, [event], expected=ANY)).last_position

    async def parked(self) -> list[ParkedEvent]:
        return await Parking(self.app.pool, NAME).all()

    async def position(self) -> int:
        return await open_checkpoint(self.app.pool, NAME)

    async def restart(self) -> None:
        """Step a new dispatcher, as after a restart, from the beginning of the log."""
        await rewind(self.app)
        await self.app.dispatcher(self.system.client, eager=False).step()

    async def described(self, order_id: str) -> dict[str, WorkflowExecutionDescription]:
        """The latest runs of the order's workflows, by type, described by Temporal."""
        return await described(self.system, order_id)

    async def run_ids(self, order_id: str) -> dict[str, str | None]:
        return await run_ids(self.system, order_id)


async def rewind(app: App) -> None:
    """Move the dispatcher's checkpoint back to the beginning of the log."""
    await app.pool.execute(_REWIND, NAME)


async def described(system: RunningSystem, order_id: str) -> dict[str, WorkflowExecutionDescription]:
    found = {}
    for name in WORKFLOWS:
        with contextlib.suppress(_NotThere):
            found[name] = await _describe(system, name, order_id)
    return found


async def run_ids(system: RunningSystem, order_id: str) -> dict[str, str | None]:
    return {name: found.run_id for name, found in (await described(system, order_id)).items()}


class _NotThere(Exception):
    """No such workflow exists."""


async def _describe(system: RunningSystem, name: str, order_id: str) -> WorkflowExecutionDescription:
    try:
        return await system.workflow(name, order_id).describe()
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise _NotThere from None
        raise


@asynccontextmanager
async def dispatching(
    database_url: str, client: Client, *, through: Client | None = None, task_queue: str | None = None
) -> AsyncIterator[Dispatching]:
    """Dispatching over Temporal; `through`: another client than the test's own."""
    settings = Settings(database_url=database_url, task_queue=task_queue or f"test-{new_id()}")
    async with open_pool(database_url) as pool:
        app = build_app(settings, pool)
        try:
            yield Dispatching(RunningSystem(app, client), app.dispatcher(through or client, eager=False))
        finally:
            await app.wakeup.flush()


def event_of(event_type: str, order_id: str, *, schema_version: int = 1, **data: object) -> NewEvent:
    """An event with only the given data, which no command of ours would append."""
    return NewEvent(uuid.uuid4(), event_type, {"orderId": order_id, **data}, {}, schema_version)


async def impatient_client(address: str, namespace: str) -> Client:
    """A client without retries: an outage fails its first call."""
    return await Client.connect(
        address,
        namespace=namespace,
        data_converter=pydantic_data_converter,
        retry_config=RetryConfig(max_retries=0, max_elapsed_time_millis=200),
    )


class Proxy:
    """A TCP proxy that can be cut."""

    def __init__(self, target: str) -> None:
        host, _, port = target.partition(":")
        self._target, self._port = (host, int(port)), 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Refuse new connections and break open ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(*self._target)
        both = {writer, their_writer}
        self._open |= both
        try:
            await asyncio.gather(_pump(reader, their_writer), _pump(their_reader, writer))
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@asynccontextmanager
async def proxy_to(server: TemporalServer) -> AsyncIterator[Proxy]:
    proxy = Proxy(server.address)
    await proxy.restore()
    try:
        yield proxy
    finally:
        proxy.cut()
