"""Worker processes that charge at Stripe, behind the proxy in the test's own process."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.worker_process import Fleet, WorkerProcess
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_calls import Call, Fault
from tests.running_system import until
from tests.workflow.stripe_system import StripeSystem

CREATE, CONFIRM, CAPTURE, REFUND, CANCEL = (
    "POST /v1/payment_intents$",
    "confirm",
    "capture",
    "POST /v1/refunds",
    "cancel",
)
TOTAL = 30_00
TOO_MANY: dict[str, Any] = {"quantity": 120, "unit_price": 25}
"""More units than the carrier takes, for the same total: undone after the charge."""
PATIENCE = 180.0  # seconds


@dataclass(frozen=True)
class StripeFleet:
    """capture: as in ORDERS_STRIPE_CAPTURE."""

    fleet: Fleet
    system: StripeSystem
    capture: str

    async def start(self) -> WorkerProcess:
        return await self.fleet.start(
            ORDERS_STRIPE_API_KEY=API_KEY,
            ORDERS_STRIPE_API_BASE=self.system.stripe.address,
            ORDERS_STRIPE_CAPTURE=self.capture,
        )

    async def met(self, fault: Fault) -> Call:
        """Call in progress that the fault applies to; its effect, if any, has happened."""
        if fault.kind == "held":
            await asyncio.wait_for(fault.reached.wait(), PATIENCE)

        async def drawn() -> bool:
            return fault.remaining == 0

        await until(drawn, f"{fault.pattern} is in progress")
        return self.system.stripe.called(fault.pattern)[-1]

    async def twice(self) -> list[str]:
        """Streams of orders with two facts of a kind."""
        rows = await self.system.app.pool.fetch(
            """
            select s.name from eventstore.events e join eventstore.streams s using (stream_id)
            where s.name like 'order-%' group by s.name, e.type having count(*) > 1
            """
        )
        return [row[0] for row in rows]
