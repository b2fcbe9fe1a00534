"""The step by which a run has itself cancelled in Temporal."""

from temporalio import activity

from activities import signatures as step
from activities.signatures import OrderRef


@activity.defn(name=step.REQUEST_CANCEL.name)
async def request_cancel(order: OrderRef) -> OrderRef:
    """Ask Temporal to cancel the run that this step belongs to."""
    info = activity.info()
    assert info.workflow_id is not None
    await activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id).cancel()
    return order
