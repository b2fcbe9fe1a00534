"""What the workflows answer, and how they are found in the Temporal Web UI."""

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

W = TypeVar("W", bound=Wire)

RETRY = "retry"
"""The signal that a person has had the order taken up."""


class Outcome(Wire):
    """How an order stands when the workflow ends, and why where it was cancelled."""

    status: str
    reason: str | None = None


class Attention(Wire):
    """A step that keeps failing: its name, the last error, and since when (UTC, ISO 8601)."""

    step: str
    error: str
    since: str
    rounds: int


class Tries(Wire):
    """Rounds at a compensation that failed one after another, and looks at one that others have yet to decide on."""

    failed: int = 0
    asked: int = 0


class Carried(Wire):
    """What a run hands to the next one where it continues as new; all else is in the order's stream."""

    attention: tuple[Attention, ...] = ()
    cancelled_in_temporal: bool = False
    undoing: dict[str, Tries] = Field(default_factory=dict)


class Begun(Wire):
    """What every workflow here is started with, beside what it is about. A field of its one argument: a second argument that
    may be missing would lose both their types."""

    carried: Carried | None = None

    def about(self, kind: type[W]) -> W:
        """What the run is about, as its steps take it."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields)))


class OrderRun(OrderRef, Begun):
    """A run for an order."""


class RefundRun(RefundRef, Begun):
    """A run for a refund."""


class Notified(Wire):
    """The ids of the published messages."""

    messages: tuple[str, ...]
