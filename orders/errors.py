"""Refusals of the domain. Each error has its facts as attributes and its remedy in its docstring."""

from dataclasses import dataclass
from typing import dataclass_transform

from orders.money import Money


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem of one field: its path on the wire (`items[3].quantity`, "" for the whole document) and a description."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} {self.problem}" if self.path else self.problem


@dataclass_transform(eq_default=False)
class OrderError(Exception):
    """Base of all refusals of the domain. A refused command has changed nothing. A subclass is a dataclass of its facts."""

    def __init_subclass__(cls) -> None:
        dataclass(eq=False)(cls)


class _OfOrder(OrderError):
    order_id: str


class InvalidOrder(OrderError):
    """The order breaks entry rules. Correct every fault listed and place it again. order_id: None where it was not readable."""

    faults: tuple[Fault, ...]
    order_id: str | None = None

    @property
    def summary(self) -> str:
        """The refusal without its faults."""
        return f"order {self.order_id} is invalid" if self.order_id else "the order is invalid"

    def __str__(self) -> str:
        return f"{self.summary}: " + "; ".join(map(str, self.faults))


class InvalidCommand(_OfOrder):
    """A value of the command cannot be recorded in an event. Correct the faults listed and send it again."""

    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"the command for order {self.order_id} is invalid: " + "; ".join(map(str, self.faults))


class OrderNotFound(_OfOrder):
    """No order was placed under this id. Check the id, or place the order first."""

    def __str__(self) -> str:
        return f"there is no order {self.order_id}"


class OrderAlreadyExists(_OfOrder):
    """Another order was placed under this id. Use a new id, or send the content that was placed.

    `differing` names the fields on the wire whose values are not those of the placed order.
    """

    differing: tuple[str, ...]

    def __str__(self) -> str:
        return f"order {self.order_id} was already placed with different {', '.join(self.differing)}"


class WrongOrder(_OfOrder):
    """Command and state belong to different orders. Load the stream of the command's order."""

    loaded_order_id: str

    def __str__(self) -> str:
        return f"a command for order {self.order_id} cannot be decided on order {self.loaded_order_id}"


class IllegalTransition(_OfOrder):
    """The transition is not possible in the order's status. Load it again and act on its current status."""

    command: str
    status: str

    def __str__(self) -> str:
        return f"{self.command} is not possible for order {self.order_id}, which is {self.status}"


class OrderNotCancellable(_OfOrder):
    """The order has shipped. Refund it instead."""

    status: str

    def __str__(self) -> str:
        return f"order {self.order_id} can no longer be cancelled: it is {self.status}, refund it instead"


class PaymentMismatch(_OfOrder):
    """The payment differs from the order's total. Refund it, or find the order that it belongs to."""

    expected: Money
    actual: Money

    def __str__(self) -> str:
        return f"order {self.order_id} costs {self.expected}, but the payment is {self.actual}"


class RefundOutOfRange(_OfOrder):
    """The refund exceeds the rest of the charge, or is not positive. Refund the amount that is left, or less."""

    amount: Money
    limit: Money

    def __str__(self) -> str:
        return f"of order {self.order_id} {self.limit} can be refunded, not {self.amount}"


class RefundNotOpen(_OfOrder):
    """The refund cannot be closed. Look at the order's refunds (`orders show`), and close an open one."""

    refund_id: str
    why: str

    def __str__(self) -> str:
        return f"refund {self.refund_id} of order {self.order_id} cannot be closed: {self.why}"


class PaymentDisputed(_OfOrder):
    """The payment is in a dispute, open or lost: the provider refuses refunds. Answer the dispute at the provider."""

    dispute: str

    def __str__(self) -> str:
        return f"order {self.order_id} cannot be refunded: its payment is disputed as {self.dispute}"


class OrderOnHold(_OfOrder):
    """The order is on hold. Release it, or cancel it."""

    reason: str

    def __str__(self) -> str:
        return f"order {self.order_id} is on hold: {self.reason}"


class TooManyTags(_OfOrder):
    """The order has as many tags as it may have. Remove one first."""

    most: int

    def __str__(self) -> str:
        return f"order {self.order_id} cannot have more than {self.most} tags: remove one first"


class TooManyAnnotations(_OfOrder):
    """Notes and tags were added to the order as often as they may be. Keep further notes elsewhere; tags can be removed."""

    most: int

    def __str__(self) -> str:
        return f"order {self.order_id} takes no more notes or tags: it was given {self.most:,} of them, the most for an order"


class NoPaymentAwaited(_OfOrder):
    """The order does not wait for a means of payment. Show the order: its payment is in progress, made, or given up."""

    status: str

    def __str__(self) -> str:
        why = "its payment is in progress" if self.status == "confirmed" else f"it is {self.status}"
        return f"order {self.order_id} awaits no means of payment: {why}"


class OrderAlreadyRefunded(_OfOrder):
    """A cancelled order has one refund, and another one is recorded. Compare both with the payment provider's books."""

    recorded_refund_id: str
    refund_id: str

    def __str__(self) -> str:
        return (
            f"order {self.order_id} was already refunded by {self.recorded_refund_id}, "
            f"so refund {self.refund_id} cannot be recorded"
        )


class CorruptStream(_OfOrder):
    """The stream holds an event that cannot follow on those before it. Do not append; find its writer."""

    status: str
    event_type: str

    def __str__(self) -> str:
        return f"the stream of order {self.order_id} is corrupt: {self.event_type} while {self.status}"
