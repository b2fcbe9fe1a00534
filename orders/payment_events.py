"""Events of a payment beyond the charge: failed attempts, further means of payment, pending payments, refunds that are
closed."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from orders.fields import Amount, CurrencyCode, OptionalText, PaymentToken, Text, UtcTime
from orders.model import OrderFact
from orders.money import format_money


class PaymentFailed(OrderFact):
    """A charge was declined, or needs the customer's authentication. Until `waits_until` the order waits for another means of
    payment, or for the authentication of the provider's payment `payment_id`."""

    event_type: ClassVar[str] = "order.payment_failed"

    attempt: Annotated[int, Field(strict=True, ge=1)]
    code: Text
    reason: Text
    waits_until: UtcTime
    payment_id: OptionalText = None
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return f"{self.reason} ({self.code}); waits until {self.waits_until:%Y-%m-%d %H:%M} UTC"


class PaymentMethodGiven(OrderFact):
    """A waiting order was given another means of payment: the provider's token, with which the charge is attempted again."""

    event_type: ClassVar[str] = "order.payment_method_given"

    payment_method: PaymentToken
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return self.payment_method


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
