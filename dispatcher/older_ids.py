"""Workflows started before decision 22 under an id of more than 255 bytes. Once none of them is open, delete this module and
use `workflow_id`."""

from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from orders.names import older_workflow_id, workflow_id

# INVALID_ARGUMENT: the server does not accept ids of that length, so that there is none.
_ABSENT: Final = (RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT)


async def id_in_use(client: Client, workflow: str, *parts: str) -> str:
    """The workflow's id, or the older one while a run uses it, so that no second one is started. Raises RPCError."""
    id_, older = workflow_id(workflow, *parts), older_workflow_id(workflow, *parts)
    return older if older != id_ and await is_running(client, older) else id_


async def is_running(client: Client, id_: str) -> bool:
    """True while a workflow of this id is running. Raises RPCError where Temporal does not answer."""
    try:
        found = await client.get_workflow_handle(id_).describe()
    except RPCError as error:
        if error.status in _ABSENT:
            return False
        raise
    return found.status is WorkflowExecutionStatus.RUNNING
