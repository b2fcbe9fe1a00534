"""Interventions in Temporal itself, as by an operator in its Web UI or by a restore of its database."""

import contextlib
import uuid
from collections.abc import AsyncIterator

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import ResetReapplyType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS, Trigger
from eventstore.model import RecordedEvent
from explore.statements import LAST_POSITION
from explore.system import Explored
from orders.events import Event
from orders.ids import stream_name
from workflows.model import FULFILL_ORDER


async def triggered(system: Explored, order_id: str) -> AsyncIterator[tuple[Trigger, Event, RecordedEvent]]:
    async for recorded in system.app.store.stream(stream_name(order_id)):
        event = system.app.codec.decode(recorded)
        for trigger in TRIGGERS:
            if trigger.event_type == recorded.type and trigger.when(event):
                yield trigger, event, recorded


async def position_of(system: Explored, order_id: str) -> int:
    """The position of the order's last event."""
    return int(await system.app.pool.fetchval(LAST_POSITION, stream_name(order_id)) or 0)


async def workflow_ids(system: Explored, order_id: str) -> dict[str, str]:
    """Types of the order's workflows by id; read again only if the stream has grown."""
    position = await position_of(system, order_id)
    known = system.workflows.get(order_id)
    if known is None or known[0] != position:
        ids = {trigger.workflow_id(event): trigger.workflow async for trigger, event, _ in triggered(system, order_id)}
        system.workflows[order_id] = known = (position, ids)
    return known[1]


async def _of_type(system: Explored, order_id: str, workflow: str) -> "list[WorkflowHandle[object, object]]":
    ids = await workflow_ids(system, order_id)
    return [system.client.get_workflow_handle(id_) for id_, type_ in ids.items() if type_ == workflow]


async def terminate(system: Explored, order_id: str, workflow: str) -> None:
    for handle in await _of_type(system, order_id, workflow):
        with contextlib.suppress(RPCError):  # it has ended, or does not exist
            await handle.terminate("by an operator's mistake")


async def cancel(system: Explored, order_id: str, workflow: str) -> None:
    for handle in await _of_type(system, order_id, workflow):
        with contextlib.suppress(RPCError):
            await handle.cancel()


async def reset(system: Explored, order_id: str, workflow: str, to: float) -> None:
    """Reset to the workflow task at this fraction of the history, as the Web UI does: later signals are applied again."""
    for handle in await _of_type(system, order_id, workflow):
        await _reset(system, handle, to, ResetReapplyType.RESET_REAPPLY_TYPE_ALL_ELIGIBLE)


async def _reset(
    system: Explored, handle: "WorkflowHandle[object, object]", to: float, reapply: ResetReapplyType.ValueType
) -> None:
    with contextlib.suppress(RPCError):  # it does not exist
        history = await handle.fetch_history()
        tasks = [e.event_id for e in history.events if e.HasField("workflow_task_completed_event_attributes")]
        if not tasks:
            return
        await system.client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=system.client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=handle.id),
                reason="explored",
                workflow_task_finish_event_id=tasks[round(to * (len(tasks) - 1))],
                request_id=str(uuid.uuid4()),
                reset_reapply_type=reapply,
            )
        )


async def restore(system: Explored, order_id: str, to: float, *, rewound: bool) -> None:
    """Simulate a restore of Temporal from an older copy: the order's fulfillment continues from an earlier task, without
    later signals. rewound: set the dispatcher back, as in the runbook."""
    for handle in await _of_type(system, order_id, FULFILL_ORDER):
        before = await _run_id(handle)
        await _reset(system, handle, to, ResetReapplyType.RESET_REAPPLY_TYPE_NONE)
        if before is not None and before != await _run_id(handle):
            system.older.forgotten.add(before)
    if rewound:
        starter = WorkflowStarter(system.client, system.app.settings)
        async for trigger, event, recorded in triggered(system, order_id):
            await starter.start(trigger, event, recorded)


async def _run_id(handle: "WorkflowHandle[object, object]") -> str | None:
    try:
        return (await handle.describe()).run_id
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
