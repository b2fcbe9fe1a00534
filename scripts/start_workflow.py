"""Start a workflow and print its result: .venv/bin/python scripts/start_workflow.py fulfill-order ORDER_ID"""

import sys

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy

from activities.signatures import OrderRef
from orders.names import workflow_id
from process import run
from settings import load_settings
from temporal import connect_temporal

WORKFLOWS = ("validate-order", "fulfill-order", "notify-shipment")


async def main() -> None:
    if len(sys.argv) != 3 or sys.argv[1] not in WORKFLOWS:
        sys.exit(f"usage: start_workflow.py {{{','.join(WORKFLOWS)}}} ORDER_ID")
    workflow, order_id = sys.argv[1:]
    settings = load_settings()
    client = await connect_temporal(settings)
    # Joins a run of this order that is in progress. An ended one may run again: each workflow reads the order first
    # and does only the missing steps.
    handle = await client.start_workflow(
        workflow,
        OrderRef(order_id=order_id),
        id=workflow_id(workflow, order_id),
        task_queue=settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    print(settings.workflow_url(handle.id, handle.first_execution_run_id) or handle.id, flush=True)
    try:
        print(await handle.result())
    except WorkflowFailureError as failure:
        sys.exit(f"{handle.id} failed: {failure.cause.__cause__ or failure.cause}")


run(main)
