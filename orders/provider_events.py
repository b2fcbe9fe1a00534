"""Events about money in which the payment provider, or a person's work there, has a part. As in `orders/events.py`."""

from enum import StrEnum
from typing import ClassVar

from orders.fields import Amount, CurrencyCode, Text, UtcTime
from orders.model import OrderFact
from orders.money import format_money


class RefundOutcome(StrEnum):
    """Reason why a requested refund is no longer open: refused by the provider, withdrawn by a person, or settled elsewhere:
    a person returned the money in another way."""

    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SETTLED_ELSEWHERE = "settled_elsewhere"


class PaymentPending(OrderFact):
    """The provider is processing the payment, which may still fail. `amount` is in minor units; `until` is the end of the time
    that the means of payment may take."""

    event_type: ClassVar[str] = "order.payment_pending"
    schema_version: ClassVar[int] = 1

    payment_id: Text
    amount: Amount
    currency: CurrencyCode
    until: UtcTime

    @property
    def summary(self) -> str:
        return f"{format_money(self.amount, self.currency)} as {self.payment_id}, until {self.until:%Y-%m-%d} at the latest"


class RefundClosed(OrderFact):
    """A requested refund that the provider will not make, or the refund of a cancelled order that a person settled elsewhere.
    `amount` is in minor units; `after_shipment` where the order is shipped; `made` where the refund was recorded as made, and
    failed later."""

    event_type: ClassVar[str] = "order.refund_closed"
    schema_version: ClassVar[int] = 1

    refund_id: Text
    outcome: RefundOutcome
    amount: Amount
    currency: CurrencyCode
    reason: Text
    after_shipment: bool = False
    made: bool = False

    @property
    def summary(self) -> str:
        outcome = self.outcome.replace("_", " ")
        return f"{format_money(self.amount, self.currency)} as {self.refund_id}: {outcome}, {self.reason}"
