"""An order, or an event, that does not go on, and what an operator has to know of it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from application.wire import camel_case
from audit.runs import Standstill

# failing: a step is tried again and again. stalled: its workflow runs, and will not go on by itself. lost: nobody works on
# what is left to do. onHold: a person stopped the order.
# parked: a reader of the log has set an event of the order aside. holdEnding: money that is only held for the order goes
# back to the customer soon. refundFailed: money that was given back has not reached the customer.
Kind = Literal["failing", "stalled", "lost", "onHold", "parked", "holdEnding", "refundFailed"]


@dataclass(frozen=True, slots=True)
class Stuck:
    """state: the order's; None where it cannot be told. since and next_retry: UTC, None where not known, and the latter
    also where nothing will be tried by itself. position: a parked event's."""

    kind: Kind
    order_id: str
    state: str | None
    step: str
    since: datetime | None
    error: str
    next_retry: datetime | None = None
    workflow_id: str | None = None
    url: str | None = None
    position: int | None = None

    def as_json(self) -> dict[str, Any]:
        """In wire spelling."""
        return camel_case(asdict(self))


def of_run(run: Standstill, order_id: str, state: str | None, workflow_id: str, url: str | None) -> Stuck:
    """An order by its workflow, which is running and stands still."""
    return Stuck(
        kind=run.kind,
        order_id=order_id,
        state=state,
        step=run.step,
        since=run.since,
        error=run.error,
        next_retry=run.next_retry,
        workflow_id=workflow_id,
        url=url,
    )
