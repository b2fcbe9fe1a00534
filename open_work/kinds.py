"""The kinds of work that need an operator, and one row of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from open_work.standstill import Standstill

# In the order of harm, in which they are listed. refundFailed: a refund has not reached the customer. disputed: the customer
# disputes the payment. holdEnding: an authorisation of the order's money ends soon. lost: no workflow does the work that is
# left. stalled: its workflow runs and will make no progress by itself. failing: a step is retried again and again. parked: a
# reader of the log has parked an event of the order. onHold: a person holds the order.
Kind = Literal["refundFailed", "disputed", "holdEnding", "lost", "stalled", "failing", "parked", "onHold"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
# Complete without an answer of Temporal's.
KINDS_OF_THE_DATABASE: Final[tuple[Kind, ...]] = ("parked", "holdEnding", "disputed", "refundFailed")


@dataclass(frozen=True, slots=True)
class Stuck:
    """An order, or an event, that needs an operator.

    state: the order's; None if unknown. since, next_retry: UTC, None if unknown; next_retry also where nothing is retried.
    position: a parked event's.
    """

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

    @property
    def place(self) -> tuple[str, ...]:
        """Place in the list: by harm, then the oldest first, those of unknown age last."""
        since = self.since.isoformat() if self.since else "unknown"
        return f"{KINDS.index(self.kind):02}", since, self.order_id, self.step, str(self.position or "")


def stuck_run(run: Standstill, order_id: str, state: str | None, workflow_id: str, url: str | None) -> Stuck:
    """The row of a running workflow that makes no progress."""
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
