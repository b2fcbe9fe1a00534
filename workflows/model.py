"""What the workflows answer, and how they are found in the Temporal Web UI."""

from temporalio.common import SearchAttributeKey

from activities.signatures import Wire

ORDER_ID = SearchAttributeKey.for_keyword("OrderId")
CUSTOMER_ID = SearchAttributeKey.for_keyword("CustomerId")
ORDER_STATUS = SearchAttributeKey.for_keyword("OrderStatus")
NEEDS_ATTENTION = SearchAttributeKey.for_bool("NeedsAttention")
SEARCH_ATTRIBUTES = (ORDER_ID, CUSTOMER_ID, ORDER_STATUS, NEEDS_ATTENTION)

VALIDATE_ORDER = "validate-order"
FULFILL_ORDER = "fulfill-order"
NOTIFY_SHIPMENT = "notify-shipment"
REFUND_ORDER = "refund-order"


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


class Notified(Wire):
    """The ids of the published messages."""

    messages: tuple[str, ...]
