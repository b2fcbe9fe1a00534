"""Steps that keep failing: found by their search attribute, described by a query of their workflow."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, Final

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.service import RPCError, RPCStatusCode

from open_work.kinds import Stuck, stuck_run
from open_work.standstill import RPC_LIMIT, pending_timer, recent_events, standstill
from settings import Settings
from workflows.model import NEEDS_ATTENTION, ORDER_ID, ORDER_STATUS, Attention, of_order, quoted

_AT_ONCE: Final = 10


def of_fleet(task_queue: str) -> str:
    """Part of a visibility query: only workflows of this fleet's task queue."""
    return f"TaskQueue = {quoted(task_queue)}"


NO_ANSWER: Final = "not known: no worker answers"
"""Error of a step whose workflow does not answer, or is at work."""


class FailingSteps:
    """Reads the workflows that need attention. After the first query that no worker answers, no other is sent."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._answers = True

    async def all(self, order_id: str | None = None) -> AsyncGenerator[Stuck, None]:
        """A row for each workflow, of one order or all. Raises RPCError if Temporal does not answer."""
        query = f"NeedsAttention = true AND ExecutionStatus = 'Running' AND {of_fleet(self._settings.task_queue)}"
        if order_id is not None:
            query += f" AND {of_order(order_id)}"
        page: list[WorkflowExecution] = []
        async for found in self._client.list_workflows(query):
            page.append(found)
            if len(page) == _AT_ONCE:
                for stuck in await self._rows(page):
                    yield stuck
                page = []
        for stuck in await self._rows(page):
            yield stuck

    async def _rows(self, page: list[WorkflowExecution]) -> list[Stuck]:
        rows = await asyncio.gather(*(self._row(found) for found in page))
        return [row for row in rows if row]

    async def _row(self, found: WorkflowExecution) -> Stuck | None:
        """None if the workflow has made progress since Temporal's index was written."""
        handle = self._client.get_workflow_handle(found.id)  # it may have continued as new
        try:
            now = await handle.describe(rpc_timeout=RPC_LIMIT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # deleted in the meantime
                return None
            raise
        attributes = now.typed_search_attributes
        if now.status is not WorkflowExecutionStatus.RUNNING or not attributes.get(NEEDS_ATTENTION):
            return None
        order_id, state = attributes.get(ORDER_ID) or found.id, attributes.get(ORDER_STATUS)
        url = self._settings.workflow_url(found.id, found.run_id)
        if still := await standstill(self._client, now):  # its worker would not answer a query
            return stuck_run(still, order_id, state, found.id, url)
        attention = await self._attention(handle, now)
        failing = next((each for each in now.raw_description.pending_activities if each.attempt > 1), None)
        return Stuck(
            kind="failing",
            order_id=order_id,
            state=state,
            step=_step(attention, failing) or found.workflow_type,
            since=datetime.fromisoformat(attention.since) if attention else None,
            error=_error(attention, failing),
            next_retry=_next_attempt(failing) if failing else await self._next_round(now),
            workflow_id=found.id,
            url=url,
        )

    async def _attention(self, handle: WorkflowHandle[Any, Any], now: WorkflowExecutionDescription) -> Attention | None:
        if not self._answers or now.raw_description.HasField("pending_workflow_task"):
            return None  # a query waits for the workflow task in progress
        try:
            answer = await handle.query("attention", rpc_timeout=RPC_LIMIT)
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            self._answers = False
            return None
        return Attention.model_validate(answer) if answer else None

    async def _next_round(self, now: WorkflowExecutionDescription) -> datetime | None:
        """Time at which the workflow's pending timer fires."""
        return pending_timer(await recent_events(self._client, now))


def _step(attention: Attention | None, failing: PendingActivityInfo | None) -> str | None:
    if attention:
        return attention.step
    return failing.activity_type.name if failing else None


def _error(attention: Attention | None, failing: PendingActivityInfo | None) -> str:
    if failing and failing.last_failure.message:
        return failing.last_failure.message
    return attention.error if attention else NO_ANSWER


def _next_attempt(failing: PendingActivityInfo) -> datetime | None:
    if failing.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return None
    at = (
        failing.next_attempt_schedule_time if failing.HasField("next_attempt_schedule_time") else failing.scheduled_time
    )
    return at.ToDatetime(UTC)
