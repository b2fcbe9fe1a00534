"""Commands of an order that waits for its payment, and their decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from orders.errors import IllegalTransition, NoPaymentAwaited
from orders.events import Event, shared_facts
from orders.payment_events import PaymentFailed, PaymentMethodGiven
from orders.state import Confirmed, ExistingOrder


@dataclass(frozen=True, slots=True)
class RecordPaymentFailure:
    """Record that an attempt at the charge failed, and let the order wait until `waits_until`, or until the deadline of its
    first failure where there is one. Idempotent by attempt and code."""

    order_id: str
    attempt: int
    code: str
    reason: str
    waits_until: datetime
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class GivePaymentMethod:
    """Charge a waiting order by another means of payment."""

    order_id: str
    payment_method: str


PaymentAttempt = RecordPaymentFailure | GivePaymentMethod


def attempt_payment(command: PaymentAttempt, state: ExistingOrder) -> list[Event]:
    """The events of the command; none for a repetition. Raises IllegalTransition or NoPaymentAwaited."""
    match command:
        case RecordPaymentFailure():
            return _record_failure(command, state)
        case GivePaymentMethod():
            return _give(command, state)
        case _:
            assert_never(command)


def _record_failure(command: RecordPaymentFailure, state: ExistingOrder) -> list[Event]:
    if not isinstance(state, Confirmed):
        raise IllegalTransition(state.order.order_id, type(command).__name__, state.status)
    known = state.failure
    superseded = command.attempt != state.attempt  # by a retry of the order
    if superseded or (state.awaited and known and command.code == known.code):
        return []
    return [
        PaymentFailed(
            **shared_facts(state.order),
            attempt=command.attempt,
            code=command.code,
            reason=command.reason,
            waits_until=known.waits_until if known else command.waits_until,
            payment_id=command.payment_id,
        )
    ]


def _give(command: GivePaymentMethod, state: ExistingOrder) -> list[Event]:
    if isinstance(state, Confirmed) and state.awaited:
        return [PaymentMethodGiven(**shared_facts(state.order), payment_method=command.payment_method)]
    if isinstance(state, Confirmed) and state.payment_method == command.payment_method:
        return []
    raise NoPaymentAwaited(state.order.order_id, state.status)
