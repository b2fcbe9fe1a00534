"""The kinds of work that need an operator, and one row of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from open_work.standstill import Standstill

# failing: a step is retried again and again. stalled: its workflow runs and will make no progress by itself. lost: no
# workflow does the work that is left. onHold: a person holds the order. parked: a reader of the log has parked an event of
# the order. holdEnding: an authorisation of the order's money ends soon. refundFailed: a refund has not reached the customer.
Kind = Literal["failing", "stalled", "lost", "onHold", "parked", "holdEnding", "refundFailed"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
# Complete without an answer of Temporal's.
KINDS_OF_THE_DATABASE: Final[tuple[Kind, ...]] = ("parked", "holdEnding", "refundFailed")


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
