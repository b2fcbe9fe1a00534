"""Commands of a person: hold, release, retry and refund an order, and annotate it with notes and tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from orders.adjustments import standing_dispute
from orders.errors import (
    Fault,
    IllegalTransition,
    InvalidCommand,
    PaymentDisputed,
    RefundOutOfRange,
    TooManyAnnotations,
    TooManyTags,
)
from orders.events import (
    Event,
    OrderHeld,
    OrderNoted,
    OrderReleased,
    OrderRetried,
    OrderTagged,
    OrderUntagged,
    RefundRequested,
    shared_facts,
)
from orders.ids import CANCELLATION, blank_problem, folded_tag
from orders.money import Money
from orders.state import Cancelled, ExistingOrder, Shipped


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Take no further step until the order is released or cancelled."""

    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseOrder:
    """Let a held order go on."""

    order_id: str


@dataclass(frozen=True, slots=True)
class RetryOrder:
    """Continue the order from its status, in a new run where its workflow was lost; undo what is left of a cancelled one.
    carrier, service: chosen for the label of an order that has not shipped; without both, an earlier choice stays."""

    order_id: str
    reason: str
    carrier: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class RequestRefund:
    """Refund a shipped order, in part or whole; idempotent by the refund's id."""

    order_id: str
    refund_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class NoteOrder:
    """Add a note, in any state of the order; each command adds one, up to MAX_ANNOTATIONS."""

    order_id: str
    text: str


@dataclass(frozen=True, slots=True)
class TagOrder:
    """Add the tags that the order does not have, in any state of the order."""

    order_id: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UntagOrder:
    """Remove those of the tags that the order has, in any state of the order."""

    order_id: str
    tags: tuple[str, ...]


MAX_TAGS: Final = 20
MAX_ANNOTATIONS: Final = 1_000
"""Notes and tags ever added to an order: each step of it reads all its events. So many long notes cost a step 15 ms."""
Intervention = HoldOrder | ReleaseOrder | RetryOrder | RequestRefund | NoteOrder | TagOrder | UntagOrder


def intervene(command: Intervention, state: ExistingOrder) -> list[Event]:
    """The events of an intervention; none where it has been made already. Raises IllegalTransition, RefundOutOfRange,
    TooManyTags, TooManyAnnotations."""
    match command:
        case HoldOrder():
            return _hold(command, state)
        case ReleaseOrder():
            return _release(command, state)
        case RetryOrder():
            return _retry(command, state)
        case RequestRefund():
            return _request_refund(command, state)
        case NoteOrder():
            return _note(command, state)
        case TagOrder():
            return _tag(command, state)
        case UntagOrder():
            return _untag(command, state)
        case _:
            assert_never(command)


def _hold(command: HoldOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    if isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    if state.hold is not None:
        return []
    return [OrderHeld(**shared_facts(order), reason=command.reason)]


def _release(command: ReleaseOrder, state: ExistingOrder) -> list[Event]:
    order = state.order
    if isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    if state.hold is None:
        return []
    return [OrderReleased(**shared_facts(order), status=state.status)]


def _retry(command: RetryOrder, state: ExistingOrder) -> list[Event]:
    chosen = command.carrier or command.service
    if chosen and isinstance(state, Shipped | Cancelled):
        raise illegal(command, state)
    return [
        OrderRetried(
            **shared_facts(state.order),
            status=state.status,
            reason=command.reason,
            carrier=command.carrier,
            service=command.service,
        )
    ]


def _request_refund(command: RequestRefund, state: ExistingOrder) -> list[Event]:
    order = state.order
    if not isinstance(state, Shipped):
        raise illegal(command, state)
    same = [refund for refund in state.requested if refund.refund_id == command.refund_id]
    if same and (same[0].amount, same[0].reason) == (command.amount, command.reason):
        return []
    if not same and command.refund_id == CANCELLATION:
        problem = f"must not be {CANCELLATION}, which names the refund of a cancelled order"
        raise InvalidCommand(order.order_id, (Fault("refundId", problem),))
    if dispute := standing_dispute(state.adjustments):
        raise PaymentDisputed(order.order_id, dispute.reference)
    if same or not 1 <= command.amount <= state.refundable:
        amount, limit = Money(command.amount, order.currency), Money(state.refundable, order.currency)
        raise RefundOutOfRange(order.order_id, amount, limit)
    return [
        RefundRequested(
            **shared_facts(order),
            refund_id=command.refund_id,
            payment_id=state.payment.payment_id,
            amount=command.amount,
            reason=command.reason,
        )
    ]


def _note(command: NoteOrder, state: ExistingOrder) -> list[Event]:
    if problem := blank_problem(command.text):
        raise InvalidCommand(command.order_id, (Fault("text", problem),))
    _require_place(state, 1)
    return [OrderNoted(**shared_facts(state.order), text=command.text)]


def _tag(command: TagOrder, state: ExistingOrder) -> list[Event]:
    facts = shared_facts(state.order)
    new = [OrderTagged(**facts, tag=tag) for tag in _folded(command.tags) if tag not in state.tags]
    if len(state.tags) + len(new) > MAX_TAGS:
        raise TooManyTags(command.order_id, MAX_TAGS)
    _require_place(state, len(new))
    return [*new]


def _folded(tags: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(map(folded_tag, tags))


def _require_place(state: ExistingOrder, added: int) -> None:
    if added and state.annotations + added > MAX_ANNOTATIONS:
        raise TooManyAnnotations(state.order.order_id, MAX_ANNOTATIONS)


def _untag(command: UntagOrder, state: ExistingOrder) -> list[Event]:
    facts = shared_facts(state.order)
    return [OrderUntagged(**facts, tag=tag) for tag in _folded(command.tags) if tag in state.tags]


def illegal(command: object, state: ExistingOrder) -> IllegalTransition:
    """The refusal of a command that the order's status does not allow."""
    return IllegalTransition(state.order.order_id, type(command).__name__, state.status)
