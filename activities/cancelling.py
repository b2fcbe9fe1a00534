"""Activity that requests the cancellation of its own workflow run."""

from temporalio import activity

from activities import signatures as step
from activities.signatures import OrderRef


@activity.defn(name=step.REQUEST_CANCEL.name)
async def request_cancel(order: OrderRef) -> OrderRef:
    """Request the cancellation of the run that this activity belongs to."""
    info = activity.info()
    assert info.workflow_id is not None
    await activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id).cancel()
    return order
