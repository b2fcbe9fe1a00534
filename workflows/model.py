"""Inputs, results and search attributes of the workflows."""

from typing import TypeVar

from pydantic import Field
from temporalio.common import SearchAttributeKey

from activities.signatures import OrderRef, RefundRef, Wire

ORDER_ID = SearchAttributeKey.for_keyword("OrderId")
CUSTOMER_ID = SearchAttributeKey.for_keyword("CustomerId")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")
SEARCH_ATTRIBUTES = (ORDER_ID, CUSTOMER_ID, ORDER_STATUS, NEEDS_ATTENTION)

VALIDATE_ORDER = "validate-order"
FULFILL_ORDER = "fulfill-order"
NOTIFY_SHIPMENT = "notify-shipment"
REFUND_ORDER = "refund-order"
RECONCILE_PAYMENTS_WORKFLOW = "reconcile-payments"

W = TypeVar("W", bound=Wire)

RETRY = "retry"
"""The signal that a person retried the order."""


def quoted(text: str) -> str:
    """A string of a Temporal query."""
    return "'" + text.replace("'", "''") + "'"


def of_order(order_id: str) -> str:
    """Condition of a Temporal query: workflows of this order."""
    return f"{ORDER_ID.name} = {quoted(order_id)}"


class Outcome(Wire):
    """The order's status at the end of the workflow, and the reason of a cancellation."""

    status: str
    reason: str | None = None


class Attention(Wire):
    """A step that keeps failing: its name, the last error, since when, and the time of the next round of attempts (UTC, ISO
    8601); None where that begins at once, and from workers that did not report it."""

    step: str
    error: str
    since: str
    rounds: int
    next_round: str | None = None


class Tries(Wire):
    """Consecutive failed rounds of a compensation, and checks on a pending one."""

    failed: int = 0
    asked: int = 0


class Carried(Wire):
    """State carried to the next run on continue-as-new; all else is in the order's stream."""

    attention: tuple[Attention, ...] = ()
    cancelled_in_temporal: bool = False
    undoing: dict[str, Tries] = Field(default_factory=dict)


class Begun(Wire):
    """Base of every workflow's argument. A field and no second argument: with an optional second one Temporal decodes
    neither by its type."""

    carried: Carried | None = None

    def about(self, kind: type[W]) -> W:
        """The subject of the run, as input of its steps."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields)))


class OrderRun(OrderRef, Begun):
    """A run for an order."""


class RefundRun(RefundRef, Begun):
    """A run for a refund."""


class Notified(Wire):
    """The ids of the published messages."""

    messages: tuple[str, ...]
