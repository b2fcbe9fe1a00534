"""The whole system over one database and one Temporal server, run by a test: worker, dispatcher and projectors in this process."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from activities.gateways.simulated import Faults, SimulatedLedger
from bootstrap import App, build_app, open_pool
from orders.commands import CancelOrder, Command, PlaceOrder
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.model import parse_order
from orders.state import State
from settings import Settings
from worker import Role, serve

DEADLINE = 30.0
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
    def ledger(self) -> SimulatedLedger:
        return SimulatedLedger(self.app.pool)

    async def stock(self, **units: int) -> None:
        """Levels by SKU; underscores stand for hyphens."""
        for sku, level in units.items():
            await self.app.stock.set_level(sku.replace("_", "-"), level, actor="test")

    async def place(self, order_id: str | None = None, **changes: Any) -> str:
        order = parse_order(order_data(order_id or new_id(), **changes), now=PLACED_AT)
        await self.handle(order.order_id, PlaceOrder(order))
        return order.order_id

    async def cancel(self, order_id: str, reason: str = "changed my mind") -> None:
        await self.handle(order_id, CancelOrder(order_id, reason, CancelledBy.CUSTOMER))

    async def handle(self, order_id: str, command: Command) -> None:
        metadata = {"actor": "test", "correlationId": f"c-{order_id}"}
        await self.app.orders.handle(stream_name(order_id), command, command_id=uuid.uuid4().hex, metadata=metadata)

    async def state(self, order_id: str) -> State:
        return (await self.app.orders.load(stream_name(order_id))).state

    async def events(self, order_id: str) -> list[str]:
        return [event.type async for event in self.app.store.stream(stream_name(order_id))]

    async def settled(self, order_id: str, status: str) -> State:
        """Wait until the order has this status and its workflows have ended."""

        async def done() -> bool:
            state = await self.state(order_id)
            return state.status == status and not await self.running(order_id)

        await until(done, f"{order_id} is {status}")
        return await self.state(order_id)

    async def running(self, order_id: str) -> list[str]:
        """The order's workflows that have been started and have not ended, by type."""
        handles = {
            name: self.workflow(name, order_id) for name in ("validate-order", "fulfill-order", "notify-shipment")
        }
        return [name for name, handle in handles.items() if await _is_running(handle)]

    def workflow(self, name: str, order_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(f"{name}-{order_id}")

    async def steps(self, order_id: str, workflow: str = "fulfill-order") -> list[str]:
        """The activities of the order's workflow in the order in which they ended well."""
        return await steps_of(self.workflow(workflow, order_id))

    async def money(self, order_id: str) -> tuple[int, int]:
        """What the gateway's own ledger says: charged and refunded, in minor units."""
        books = await self.ledger.books(order_ids=[order_id])
        return (sum(b.charged for b in books), sum(b.refunded for b in books))

    async def available(self, sku: str) -> int:
        level = await self.app.stock.get(sku)
        return level.available if level else 0


async def _is_running(handle: WorkflowHandle[Any, Any]) -> bool:
    from temporalio.service import RPCError

    try:
        return (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
    except RPCError:
        return False


async def steps_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    """Activity types by completion, local ones from their markers."""
    scheduled: dict[int, str] = {}
    steps: list[str] = []
    async for event in handle.fetch_history_events():
        if event.HasField("activity_task_scheduled_event_attributes"):
            attributes = event.activity_task_scheduled_event_attributes
            scheduled[event.event_id] = attributes.activity_type.name
        elif event.HasField("activity_task_completed_event_attributes"):
            steps.append(scheduled[event.activity_task_completed_event_attributes.scheduled_event_id])
        elif event.HasField("marker_recorded_event_attributes"):
            marker = event.marker_recorded_event_attributes
            if marker.marker_name == "core_local_activity" and not marker.HasField("failure"):
                steps.append(_local_activity_type(marker.details["data"].payloads[0].data))
    return steps


def _local_activity_type(data: bytes) -> str:
    import json

    return str(json.loads(data)["activity_type"])


def new_id() -> str:
    return uuid.uuid4().hex[:12]


def order_data(
    order_id: str, *, quantity: int = 2, unit_price: int = 1500, sku: str = "TEA-1", **changes: Any
) -> dict[str, Any]:
    """An order of one line as it comes in, in wire spelling."""
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


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = DEADLINE) -> None:
    """Poll for a state of the outside world; fails with `what` at the deadline."""
    try:
        async with asyncio.timeout(seconds):
            while not await condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


@asynccontextmanager
async def running_system(database_url: str, client: Client, **settings: Any) -> AsyncIterator[RunningSystem]:
    """Everything on, on a task queue of its own."""
    values = Settings(database_url=database_url, task_queue=f"test-{new_id()}", shutdown_seconds=5, **settings)
    async with open_pool(database_url) as pool:
        system = RunningSystem(build_app(values, pool), client)
        ready = asyncio.Event()
        serving = asyncio.create_task(serve(system.app, client, tuple(Role), ready=ready))
        await asyncio.wait([serving, asyncio.ensure_future(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield system
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            await system.app.wakeup.flush()
