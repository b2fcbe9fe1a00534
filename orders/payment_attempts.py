"""Commands of an order that waits for its payment, and their decisions."""

from dataclasses import asdict, dataclass
from typing import assert_never

from orders.errors import IllegalTransition, NoPaymentAwaited
from orders.events import Event, shared_facts
from orders.payment_events import PaymentFailed, PaymentMethodGiven
from orders.records import PaymentFailure
from orders.state import Confirmed, ExistingOrder


@dataclass(frozen=True, slots=True)
class RecordPaymentFailure:
    """Record that an attempt at the charge failed, and let the order wait until `failure.waits_until`, or until the deadline of
    its first failure where there is one. Idempotent by attempt and code."""

    order_id: str
    failure: PaymentFailure


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
    known, failure = state.failure, command.failure
    superseded = failure.attempt != state.attempt  # by a retry of the order
    if superseded or (state.awaited and known and failure.code == known.code):
        return []
    facts = asdict(failure) | {"waits_until": known.waits_until if known else failure.waits_until}
    return [PaymentFailed(**shared_facts(state.order), **facts)]


def _give(command: GivePaymentMethod, state: ExistingOrder) -> list[Event]:
    if isinstance(state, Confirmed) and state.awaited:
        return [PaymentMethodGiven(**shared_facts(state.order), payment_method=command.payment_method)]
    if isinstance(state, Confirmed) and state.payment_method == command.payment_method:
        return []
    raise NoPaymentAwaited(state.order.order_id, state.status)
