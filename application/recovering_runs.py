"""Runs in progress that have gone further than the log or the ledgers, which have lost their end."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecution

from application.recovering_effects import lost_effects
from open_work.failing import of_fleet
from open_work.sources import Sources
from order_streams.folded import OrderStream, read_order
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, ORDER_ID, ORDER_STATUS, REFUND_ORDER, VALIDATE_ORDER

_WORKFLOWS: Final = (VALIDATE_ORDER, FULFILL_ORDER, NOTIFY_SHIPMENT, REFUND_ORDER)
_RUNNING: Final = f"ExecutionStatus = 'Running' and WorkflowType in ({', '.join(map(repr, _WORKFLOWS))})"
_WAY: Final = ("placed", "confirmed", "paid", "shipped")


@dataclass(frozen=True, slots=True)
class RunAhead:
    """A run that continues from events or effects that are lost: its order would be cancelled, or ship without them."""

    order_id: str
    workflow_id: str
    run_id: str
    problem: str


async def runs_ahead(sources: Sources, client: Client, task_queue: str) -> AsyncIterator[RunAhead]:
    """All runs of this fleet that are further. Raises RPCError where Temporal does not answer."""
    async for run in client.list_workflows(f"{_RUNNING} and {of_fleet(task_queue)}"):
        order_id, reached = run.typed_search_attributes.get(ORDER_ID), run.typed_search_attributes.get(ORDER_STATUS)
        if order_id is None or reached is None:
            continue
        stream = await read_order(sources.pool, sources.codec, order_id)  # after the run, which may go on meanwhile
        if _is_ahead(reached, stream):
            yield RunAhead(order_id, run.id, run.run_id, _problem(run, reached, stream))
        elif lost := await lost_effects(sources, client, run, order_id):
            problem = f"{run.workflow_type} has completed {', '.join(lost)}, and the ledgers lack the effect"
            yield RunAhead(order_id, run.id, run.run_id, problem)


async def end(client: Client, run: RunAhead) -> None:
    """Terminate it, so that a new run takes the order up from its stream."""
    await client.get_workflow_handle(run.workflow_id, run_id=run.run_id).terminate(f"orders recover: {run.problem}")


def _is_ahead(reached: str, stream: OrderStream | None) -> bool:
    """True for every run of an order without a stream; False where the stream cannot be folded."""
    if stream is None:
        return True
    if stream.state is None or stream.state.status not in _WAY:
        return False
    return reached not in _WAY or _WAY.index(reached) > _WAY.index(stream.state.status)


def _problem(run: WorkflowExecution, reached: str, stream: OrderStream | None) -> str:
    log = "the log does not have the order" if stream is None else f"the log has it as {_status(stream)}"
    return f"{run.workflow_type} has the order as {reached}, and {log}"


def _status(stream: OrderStream) -> str:
    return stream.state.status if stream.state else "unreadable"
