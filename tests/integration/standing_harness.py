"""Runs of orders that stall, and the list of work that needs attention."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.worker import Worker

from open_work.attention_list import find_stuck
from open_work.kinds import Stuck
from tests.integration.audit_harness import Books
from tests.integration.standing_workflows import refused
from tests.running_system import until
from workflows.model import NEEDS_ATTENTION, ORDER_ID

LONG = 120.0  # seconds


@asynccontextmanager
async def runs_as(
    books: Books, client: Client, workflow: type, order_id: str, *, marked: bool = False
) -> AsyncIterator[None]:
    """Run the order's fulfillment as this workflow until it stalls. marked: as needing attention."""
    name, queue = "fulfill-order", books.app.settings.task_queue
    attributes = TypedSearchAttributes(
        [SearchAttributePair(ORDER_ID, order_id), SearchAttributePair(NEEDS_ATTENTION, marked)]
    )
    handle = await client.start_workflow(name, id=f"{name}-{order_id}", task_queue=queue, search_attributes=attributes)
    async with Worker(
        client, task_queue=queue, workflows=[workflow], activities=[refused], graceful_shutdown_timeout=timedelta(0)
    ):

        async def begun() -> bool:
            description = await handle.describe()
            return description.history_length > 3

        await until(begun, "a worker has taken the workflow's first task", LONG)
        await until(lambda: _is_indexed(client, order_id), "Temporal's index has it", LONG)
        try:
            yield
        finally:
            await handle.terminate()


async def _is_indexed(client: Client, order_id: str) -> bool:
    return [
        each async for each in client.list_workflows(f"OrderId = '{order_id}' AND ExecutionStatus = 'Running'")
    ] != []


async def listed(books: Books, client: Client) -> list[Stuck]:
    await books.project()
    found = await find_stuck(books.app.sources(client), books.app.settings, 100)
    assert found.problem is None
    return found.rows


async def listed_at_last(look: Callable[[], Awaitable[list[Stuck]]]) -> Stuck:
    """Wait for the one row."""
    rows: list[Stuck] = []

    async def there() -> bool:
        rows[:] = await look()
        return bool(rows)

    await until(there, "the order needs attention", LONG)
    [row] = rows
    return row
