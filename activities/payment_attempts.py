"""Declines after which an order waits for another means of payment, or for its customer."""

from datetime import UTC, datetime, timedelta

from activities.order import recordable
from activities.signatures import PaymentFailure
from gateways.errors import PaymentDeclined


class PaymentAwaited(PaymentDeclined):
    """The charge was declined, and the order may wait: record the failure, and try again until its deadline."""

    def __init__(self, declined: PaymentDeclined, failure: PaymentFailure) -> None:
        super().__init__(declined.code, declined.reason, declined.payment_id)
        self.failure = failure


def awaited(declined: PaymentDeclined, attempt: int, deadline: timedelta) -> PaymentAwaited:
    """Return the decline of an attempt, with the time until which its order waits."""
    failure = PaymentFailure(
        attempt=attempt,
        code=recordable(declined.code or "declined"),
        reason=recordable(declined.reason),
        waits_until=datetime.now(UTC) + deadline,
        payment_id=declined.payment_id,
    )
    return PaymentAwaited(declined, failure)
