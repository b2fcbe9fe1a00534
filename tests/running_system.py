"""The whole system over one database and one Temporal server, run by a test in its own process."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Interceptor

from activities.signatures import OrderRef
from bootstrap import App, build_app
from eventstore.checkpoints import lags
from eventstore.pool import open_pool
from gateways.books import GatewayBooks
from gateways.simulated import Faults
from open_work.history import completed_steps
from orders.commands import CancelOrder, Command, PlaceOrder
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.model import parse_order
from orders.state import State
from settings import Settings
from worker import Role, serve
from workflows.model import NEEDS_ATTENTION

DEADLINE = 60.0
CANCEL_REASON = "Maria Anders has changed her mind"
PLACED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class RunningSystem:
    """Given-when-then vocabulary over a running system."""

    app: App
    client: Client

    @property
    def faults(self) -> Faults:
        return Faults(self.app.pool)

    @property
    def ledger(self) -> GatewayBooks:
        return GatewayBooks(self.app.pool)

    async def stock(self, **units: int) -> None:
        """Set levels by SKU; underscores stand for hyphens."""
        for sku, level in units.items():
            await self.app.adjustments.set_level(sku.replace("_", "-"), level, actor="test")

    async def place(self, order_id: str | None = None, **changes: Any) -> str:
        order = parse_order(order_data(order_id or new_id(), **changes), now=PLACED_AT)
        await self.handle(order.order_id, PlaceOrder(order))
        return order.order_id

    async def cancel(self, order_id: str, reason: str = CANCEL_REASON) -> None:
        await self.handle(order_id, CancelOrder(order_id, reason, CancelledBy.CUSTOMER))

    async def handle(self, order_id: str, command: Command) -> None:
        metadata = {"actor": "test", "correlationId": f"c-{order_id}"}
        await self.app.orders.handle(stream_name(order_id), command, command_id=uuid.uuid4().hex, metadata=metadata)

    async def state(self, order_id: str) -> State:
        return (await self.app.orders.load(stream_name(order_id))).state

    async def events(self, order_id: str) -> list[str]:
        return [event.type async for event in self.app.store.stream(stream_name(order_id))]

    async def settled(self, order_id: str, status: str, seconds: float = DEADLINE) -> State:
        """Wait until the order has this status, its events are dispatched and its workflows have ended."""

        async def done() -> bool:
            state = await self.state(order_id)
            return state.status == status and await self.dispatched() and not await self.running(order_id)

        await until(done, f"{order_id} is {status}", seconds)
        return await self.state(order_id)

    async def dispatched(self) -> bool:
        """True if the dispatcher has processed every event."""
        return [lag.events for lag in await lags(self.app.pool, "dispatcher")] == [0]

    async def dispatched_all(self) -> None:
        await until(self.dispatched, "everything is dispatched")

    async def current_details(self, order_id: str) -> str:
        """Details of the order's fulfillment in the Temporal Web UI."""
        metadata = await self.workflow("fulfill-order", order_id).query("__temporal_workflow_metadata")
        return str(metadata.get("currentDetails", "")) if isinstance(metadata, dict) else str(metadata)

    async def running(self, order_id: str) -> list[str]:
        """Workflows of the order that have started and not ended, by type."""
        handles = {
            name: self.workflow(name, order_id) for name in ("validate-order", "fulfill-order", "notify-shipment")
        }
        return [name for name, handle in handles.items() if await _is_running(handle)]

    def workflow(self, name: str, order_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(f"{name}-{order_id}")

    async def steps(self, order_id: str, workflow: str = "fulfill-order") -> list[str]:
        """Activities of the order's workflow in the order of their success."""
        return await completed_steps(self.workflow(workflow, order_id))

    async def money(self, order_id: str) -> tuple[int, int]:
        """Charged and refunded amounts in the gateway's own ledger, in minor units."""
        books = await self.ledger.books(order_ids=[order_id])
        return (sum(b.charged for b in books), sum(b.refunded for b in books))

    async def live_labels(self, order_id: str) -> int:
        return sum(books.live_labels for books in await self.ledger.books(order_ids=[order_id]))

    async def start(self, name: str, order_id: str) -> None:
        """Start a workflow by hand, as an operator would."""
        await self.client.start_workflow(
            name, OrderRef(order_id=order_id), id=f"{name}-{order_id}", task_queue=self.app.settings.task_queue
        )

    async def needs_attention(self, order_id: str, workflow: str = "fulfill-order") -> None:
        """Wait until the search attribute of the order's workflow is set."""
        await until(lambda: self.is_marked(order_id, workflow), f"{workflow} of {order_id} needs attention")

    async def is_marked(self, order_id: str, workflow: str = "fulfill-order") -> bool:
        """True if the search attribute of the order's workflow marks it as needing attention."""
        try:
            description = await self.workflow(workflow, order_id).describe()
        except RPCError:
            return False
        return description.typed_search_attributes.get(NEEDS_ATTENTION) is True

    async def step_is_failing(self, order_id: str, step: str) -> None:
        """Wait until Temporal has recorded a failed attempt at the step."""

        async def seen() -> bool:
            try:
                description = await self.workflow("fulfill-order", order_id).describe()
            except RPCError:
                return False
            pending = description.raw_description.pending_activities
            return any(a.activity_type.name == step and a.attempt > 1 for a in pending)

        await until(seen, f"{step} of {order_id} is failing")

    async def available(self, sku: str) -> int:
        level = await self.app.stock.get(sku)
        return level.available if level else 0


async def _is_running(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        return (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    except RPCError:
        return False


def new_id() -> str:
    return uuid.uuid4().hex[:12]


def order_data(
    order_id: str, *, quantity: int = 2, unit_price: int = 1500, sku: str = "TEA-1", **changes: Any
) -> dict[str, Any]:
    """An order of one line as decoded JSON."""
    return {
        "orderId": order_id,
        "customerId": "ALFKI",
        "currency": "EUR",
        "items": [{"sku": sku, "name": "Tea", "quantity": quantity, "unitPrice": unit_price}],
        "total": quantity * unit_price,
        "shippingAddress": {
            "name": "Maria Anders",
            "line1": "Obere Str. 57",
            "city": "Berlin",
            "postalCode": "12209",
            "country": "DE",
        },
        **changes,
    }


async def until(
    condition: Callable[[], Awaitable[bool]], what: str | Callable[[], str], seconds: float = DEADLINE
) -> None:
    """Poll for an external condition; fails with `what`, as it is then, at the deadline."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 – the outside world sets no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}") from None


@asynccontextmanager
async def running_system(
    database_url: str,
    client: Client,
    *,
    interceptors: Sequence[Interceptor] = (),
    adapt: Callable[[App], App] = lambda app: app,
    **settings: Any,
) -> AsyncIterator[RunningSystem]:
    """The whole system, with a new task queue unless one is given. adapt: replaces parts with doubles."""
    given: dict[str, Any] = {"task_queue": f"test-{new_id()}", "shutdown_seconds": 5} | settings
    values = Settings(database_url=database_url, **given)
    async with open_pool(database_url) as pool:
        system = RunningSystem(adapt(build_app(values, pool)), client)
        ready = asyncio.Event()
        serving = asyncio.create_task(serve(system.app, client, tuple(Role), ready=ready, interceptors=interceptors))
        await asyncio.wait([serving, asyncio.ensure_future(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield system
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            await system.app.close()
