"""A starter of workflows without Temporal, which notes when each start begins and ends."""

import asyncio

from temporalio.service import RPCError, RPCStatusCode

from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import Trigger
from eventstore.model import RecordedEvent
from orders.events import Event

_LONG = 20


class Starts(WorkflowStarter):
    """Notes when each start begins and ends. failing: the order whose validation Temporal refuses."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, str]] = []
        self.failing: str | None = None

    async def start(self, trigger: Trigger, event: Event, recorded: RecordedEvent) -> None:
        self.noted.append((event.order_id, trigger.workflow, "begins"))
        for _ in range(_LONG):
            await asyncio.sleep(0)
        if event.order_id == self.failing and trigger.workflow == "validate-order":
            raise RPCError("the test refuses it", RPCStatusCode.UNAVAILABLE, b"")
        self.noted.append((event.order_id, trigger.workflow, "ends"))

    @property
    def orders(self) -> list[str]:
        """Orders whose first start has ended, in that order."""
        return list(dict.fromkeys(order_id for order_id, _, what in self.noted if what == "ends"))

    def of(self, order_id: str) -> list[tuple[str, str]]:
        return [(workflow, what) for id_, workflow, what in self.noted if id_ == order_id]
