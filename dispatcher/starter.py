"""Starts or signals a workflow at Temporal: at least once here, exactly once by the workflow's id."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.left_over import LeftOver
from dispatcher.links import OrderLinks
from dispatcher.older_ids import id_in_use
from dispatcher.triggers import Trigger
from eventstore.model import RecordedEvent
from orders.events import Event
from settings import Settings
from workflows.model import CUSTOMER_ID, ORDER_ID, ORDER_STATUS, Outcome

CLOCKS_DIFFER: Final = timedelta(seconds=5)
"""The most that the clocks of Temporal and of the database may differ."""
# Of a bulk order's runs and their activities; the default is 3, and lower keys go first. A server from before there were
# priorities ignores it.
_GIVES_WAY: Final = Priority(priority_key=5)
_log = structlog.get_logger(__name__)


class NeverStartable(Exception):
    """Temporal refuses this start for good: the event is parked."""


class WorkflowStarter:
    """Starts workflows, each with links to the pages of its order that the settings name. eager: a worker of this process, on
    this client, may get the first task at once.

    left_over: finds work that is missing in the order's stream after a completed run, which is then started again; without
    it, every ended run counts as done.
    """

    def __init__(
        self, client: Client, settings: Settings, *, eager: bool = False, left_over: LeftOver | None = None
    ) -> None:
        self._client, self._task_queue, self._eager = client, settings.task_queue, eager
        self._left_over = left_over
        self._links = OrderLinks(settings.page_url, settings.workflows_url, settings.runbook_url)

    async def start(self, trigger: Trigger, event: Event, recorded: RecordedEvent) -> None:
        """Start or signal. Succeeds where the workflow is running, has done its work, or was ended by a person.

        Raises NeverStartable, or RPCError while Temporal is unavailable.
        """
        try:
            try:
                await self._start(trigger, event, recorded)
            except WorkflowAlreadyStartedError as closed:
                if await self._is_due(closed.workflow_id, trigger, event, recorded):
                    _log.warning(
                        "work of an earlier run is not in the log: started again", workflow_id=closed.workflow_id
                    )
                    await self._start(replace(trigger, again=True), event, recorded)
        except RPCError as error:
            if error.status == RPCStatusCode.INVALID_ARGUMENT:
                raise NeverStartable(str(error)) from error
            raise

    async def _is_due(self, workflow_id: str, trigger: Trigger, event: Event, recorded: RecordedEvent) -> bool:
        if self._left_over is None:
            return False
        found = await self._client.get_workflow_handle(workflow_id).describe()
        if found.close_time is None:
            return False
        # A run that began before its event was recorded is of an order that the log has lost, and that was placed again.
        lost = found.start_time < recorded.recorded_at - CLOCKS_DIFFER
        if found.status is not WorkflowExecutionStatus.COMPLETED and not lost:
            return False  # terminated, failed or cancelled: `orders attention` lists the order as lost
        return await self._left_over.is_due(trigger, event, recorded, found.close_time)

    async def _start(self, trigger: Trigger, event: Event, recorded: RecordedEvent) -> WorkflowHandle[object, Outcome]:
        order = trigger.input(event, recorded)
        return await self._client.start_workflow(
            trigger.workflow,
            order,
            id=await id_in_use(self._client, trigger.workflow, *trigger.about(event)),
            task_queue=self._task_queue,
            id_reuse_policy=_reuse(trigger),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING
            if trigger.signal is None
            else WorkflowIDConflictPolicy.UNSPECIFIED,
            start_signal=trigger.signal,
            static_summary=trigger.summary(event),
            static_details=self._links.details(event.order_id),
            search_attributes=_search_attributes(trigger, event),
            request_eager_start=self._eager and trigger.signal is None,
            priority=_GIVES_WAY if order.bulk else Priority.default,
        )


def _reuse(trigger: Trigger) -> WorkflowIDReusePolicy:
    if trigger.again:
        return WorkflowIDReusePolicy.ALLOW_DUPLICATE
    if trigger.signal:
        # A person cancelled or released the order: a terminated run must not prevent its undoing or continuation.
        return WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY
    return WorkflowIDReusePolicy.REJECT_DUPLICATE


def _search_attributes(trigger: Trigger, event: Event) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(ORDER_ID, event.order_id),
            SearchAttributePair(CUSTOMER_ID, event.customer_id),
            SearchAttributePair(ORDER_STATUS, trigger.status),
        ]
    )
