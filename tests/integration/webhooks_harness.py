"""A relay that a test steps by hand, without a worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from bootstrap import App, build_app
from eventstore.model import ANY
from eventstore.pool import open_pool
from settings import Settings
from tests.integration.dispatcher_harness import event_of
from tests.running_system import new_id
from webhooks.deliveries import Delivery
from webhooks.relay import Relay
from webhooks.steps import workflow_id

URL = "http://127.0.0.1:9/hooks"


@dataclass(frozen=True)
class Relaying:
    """An application whose relay is stepped by the test."""

    app: App
    relay: Relay
    client: Client

    async def append(self, order_id: str, event_type: str = "order.placed", *, stream: str | None = None) -> int:
        event = event_of(event_type, order_id, subject=order_id)
        return (await self.app.store.append(stream or f"order-{order_id}", [event], expected=ANY)).last_position

    async def add(self, *topics: str) -> str:
        return (await self.app.endpoints.add(URL, topics or ("*",)))[0].id

    async def steps(self) -> None:
        """Step until there is no more work."""
        while await self.relay.step():
            pass

    async def deliveries(self, endpoint_id: str | None = None) -> list[Delivery]:
        """Deliveries in the order of the log."""
        return (await self.app.deliveries.list(endpoint_id=endpoint_id, limit=10_000)).rows[::-1]

    async def is_started(self, endpoint_id: str, order_id: str) -> bool:
        handle = self.client.get_workflow_handle(workflow_id(endpoint_id, order_id))
        try:
            return (await handle.describe()).status == WorkflowExecutionStatus.RUNNING
        except RPCError:
            return False


@asynccontextmanager
async def relaying_app(database_url: str) -> AsyncIterator[App]:
    """Application without processes; webhooks to loopback are allowed."""
    settings = Settings(database_url=database_url, task_queue=f"test-{new_id()}", webhooks_allow_private=True)
    async with open_pool(database_url) as pool:
        made = build_app(settings, pool)
        yield made
        await made.wakeup.flush()
