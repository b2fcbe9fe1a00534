"""Events of an order that waits for its payment: an attempt that failed, and the means of payment for the next one."""

from typing import Annotated, ClassVar

from pydantic import Field

from orders.fields import CurrencyCode, OptionalText, PaymentToken, Text, UtcTime
from orders.model import OrderFact


class PaymentFailed(OrderFact):
    """A charge was declined, or needs the customer's authentication. Until `waits_until` the order waits for another means of
    payment, or for the authentication of the provider's payment `payment_id`."""

    event_type: ClassVar[str] = "order.payment_failed"
    schema_version: ClassVar[int] = 1

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
    schema_version: ClassVar[int] = 1

    payment_method: PaymentToken
    currency: CurrencyCode

    @property
    def summary(self) -> str:
        return self.payment_method
