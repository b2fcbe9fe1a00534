"""Steps that keep failing, as Temporal knows them: found by search attribute, told by the workflow itself."""

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

from application.stuck import Stuck, of_run
from audit.runs import RPC_LIMIT, pending_timer, recent_events, standstill
from settings import Settings
from workflows.model import NEEDS_ATTENTION, ORDER_ID, ORDER_STATUS, Attention

_AT_ONCE: Final = 10


def of_fleet(task_queue: str) -> str:
    """The part of a visibility query that leaves out other fleets of the namespace."""
    quoted = task_queue.replace("'", "''")
    return f"TaskQueue = '{quoted}'"


class Failing:
    """Reads the workflows that need attention. Where no worker answers one's query, those after it are not asked."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client, self._settings = client, settings
        self._answers = True

    async def all(self) -> AsyncGenerator[Stuck, None]:
        """In pages of a few workflows, which are asked at once. Raises RPCError where Temporal does not answer."""
        query = f"NeedsAttention = true AND ExecutionStatus = 'Running' AND {of_fleet(self._settings.task_queue)}"
        page: list[WorkflowExecution] = []
        async for found in self._client.list_workflows(query):
            page.append(found)
            if len(page) == _AT_ONCE:
                for stuck in await self._told(page):
                    yield stuck
                page = []
        for stuck in await self._told(page):
            yield stuck

    async def _told(self, page: list[WorkflowExecution]) -> list[Stuck]:
        told = await asyncio.gather(*(self._tell(found) for found in page))
        return [stuck for stuck in told if stuck]

    async def _tell(self, found: WorkflowExecution) -> Stuck | None:
        """None where it has gone on since Temporal's index was written."""
        handle = self._client.get_workflow_handle(found.id)  # it may have continued as new
        try:
            now = await handle.describe(rpc_timeout=RPC_LIMIT)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # deleted since
                return None
            raise
        attributes = now.typed_search_attributes
        if now.status is not WorkflowExecutionStatus.RUNNING or not attributes.get(NEEDS_ATTENTION):
            return None
        order_id, state = attributes.get(ORDER_ID) or found.id, attributes.get(ORDER_STATUS)
        url = self._settings.workflow_url(found.id, found.run_id)
        if still := await standstill(self._client, now):  # its worker would not answer a query
            return of_run(still, order_id, state, found.id, url)
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
            return None  # a query waits for the workflow task that is in progress
        try:
            answer = await handle.query("attention", rpc_timeout=RPC_LIMIT)
        except (RPCError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            self._answers = False
            return None
        return Attention.model_validate(answer) if answer else None

    async def _next_round(self, now: WorkflowExecutionDescription) -> datetime | None:
        """When the workflow's timer rings, where it has not rung yet."""
        return pending_timer(await recent_events(self._client, now))


def _step(attention: Attention | None, failing: PendingActivityInfo | None) -> str | None:
    if attention:
        return attention.step
    return failing.activity_type.name if failing else None


def _error(attention: Attention | None, failing: PendingActivityInfo | None) -> str:
    if failing and failing.last_failure.message:
        return failing.last_failure.message
    return attention.error if attention else "not known: no worker answers"


def _next_attempt(failing: PendingActivityInfo) -> datetime | None:
    """None while an attempt is being made."""
    if failing.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return None
    at = (
        failing.next_attempt_schedule_time if failing.HasField("next_attempt_schedule_time") else failing.scheduled_time
    )
    return at.ToDatetime(UTC)
