"""Runs in progress that have gone further than the log: a lost end of the log has taken events of their order away."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from temporalio.client import Client, WorkflowExecution

from activities.streams import Orders
from orders.ids import stream_name
from orders.state import State
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, ORDER_ID, ORDER_STATUS, REFUND_ORDER, VALIDATE_ORDER

_WORKFLOWS: Final = (VALIDATE_ORDER, FULFILL_ORDER, NOTIFY_SHIPMENT, REFUND_ORDER)
_RUNNING: Final = f"ExecutionStatus = 'Running' and WorkflowType in ({', '.join(map(repr, _WORKFLOWS))})"
_WAY: Final = ("placed", "confirmed", "paid", "shipped")


@dataclass(frozen=True, slots=True)
class RunAhead:
    """A run whose next step the order's stream would refuse: the order would be given up, or the run would fail."""

    order_id: str
    workflow_id: str
    run_id: str
    problem: str


async def runs_ahead(client: Client, orders: Orders) -> AsyncIterator[RunAhead]:
    """All of them. Raises RPCError where Temporal does not answer."""
    async for run in client.list_workflows(_RUNNING):
        order_id, reached = run.typed_search_attributes.get(ORDER_ID), run.typed_search_attributes.get(ORDER_STATUS)
        if order_id is None or reached is None:
            continue
        state = (await orders.load(stream_name(order_id))).state  # read after the run: the log is ahead of it otherwise
        if _is_ahead(reached, state):
            yield RunAhead(order_id, run.id, run.run_id, _problem(run, reached, state))


async def end(client: Client, run: RunAhead) -> None:
    """Terminate it, so that a new run takes the order up from its stream."""
    await client.get_workflow_handle(run.workflow_id, run_id=run.run_id).terminate(f"orders recover: {run.problem}")


def _is_ahead(reached: str, state: State) -> bool:
    if state.status not in _WAY:
        return state.status != "cancelled"
    return reached not in _WAY or _WAY.index(reached) > _WAY.index(state.status)


def _problem(run: WorkflowExecution, reached: str, state: State) -> str:
    log = "the log does not have the order" if state.status not in _WAY else f"the log has the order as {state.status}"
    return f"{run.workflow_type} has it as {reached}, and {log}"
