"""An order's workflows at Temporal."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from temporalio.client import Client, WorkflowExecutionDescription
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.older_ids import id_in_use
from settings import Settings
from workflows.model import FULFILL_ORDER, NEEDS_ATTENTION, NOTIFY_SHIPMENT, REFUND_ORDER, VALIDATE_ORDER

TYPES: Final = (VALIDATE_ORDER, FULFILL_ORDER, NOTIFY_SHIPMENT)


@dataclass(frozen=True, slots=True)
class WorkflowView:
    """A workflow of an order. status: Temporal's in lower case, or `not started`. url: its page, where known."""

    type: str
    workflow_id: str
    run_id: str | None = None
    status: str = "not started"
    started: datetime | None = None
    ended: datetime | None = None
    needs_attention: bool = False
    url: str | None = None


async def order_workflows(
    client: Client, settings: Settings, order_id: str, refunds: Iterable[str] = ()
) -> list[WorkflowView]:
    """The three workflows and those of its refunds, by workflow id, started or not. Raises RPCError where Temporal does
    not answer."""
    named = [(name, await id_in_use(client, name, order_id)) for name in TYPES]
    named += [(REFUND_ORDER, each) for each in refunds]
    return list(await asyncio.gather(*(_view(client, settings, *each) for each in named)))


async def _view(client: Client, settings: Settings, name: str, workflow_id: str) -> WorkflowView:
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return WorkflowView(name, workflow_id)
        raise
    return WorkflowView(
        name,
        workflow_id,
        run_id=found.run_id,
        status=_status(found),
        started=found.start_time,
        ended=found.close_time,
        needs_attention=bool(found.typed_search_attributes.get(NEEDS_ATTENTION)),
        url=settings.workflow_url(workflow_id, found.run_id),
    )


def _status(found: WorkflowExecutionDescription) -> str:
    return found.status.name.lower().replace("_", " ") if found.status else "unknown"
