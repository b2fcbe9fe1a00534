"""Refusals of the domain. Each error has its facts as attributes and its remedy in its docstring."""

from dataclasses import dataclass

from orders.money import Money


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem of one field: its path on the wire (`items[3].quantity`, "" for the whole document) and a description."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} {self.problem}" if self.path else self.problem


class OrderError(Exception):
    """Base of all refusals of the domain. A refused command has changed nothing."""


class InvalidOrder(OrderError):
    """The order breaks entry rules. Correct every fault listed and place it again. order_id: None where it was not readable."""

    def __init__(self, faults: tuple[Fault, ...], order_id: str | None = None) -> None:
        super().__init__(faults, order_id)
        self.faults = faults
        self.order_id = order_id

    @property
    def summary(self) -> str:
        """The refusal without its faults."""
        return f"order {self.order_id} is invalid" if self.order_id else "the order is invalid"

    def __str__(self) -> str:
        return f"{self.summary}: " + "; ".join(map(str, self.faults))


class InvalidCommand(OrderError):
    """A value of the command cannot be recorded in an event. Correct the faults listed and send it again."""

    def __init__(self, order_id: str, faults: tuple[Fault, ...]) -> None:
        super().__init__(order_id, faults)
        self.order_id = order_id
        self.faults = faults

    def __str__(self) -> str:
        return f"the command for order {self.order_id} is invalid: " + "; ".join(map(str, self.faults))


class OrderNotFound(OrderError):
    """No order was placed under this id. Check the id, or place the order first."""

    def __init__(self, order_id: str) -> None:
        super().__init__(order_id)
        self.order_id = order_id

    def __str__(self) -> str:
        return f"there is no order {self.order_id}"


class OrderAlreadyExists(OrderError):
    """Another order was placed under this id. Use a new id, or send the content that was placed.

    `differing` names the fields on the wire whose values are not those of the placed order.
    """

    def __init__(self, order_id: str, differing: tuple[str, ...]) -> None:
        super().__init__(order_id, differing)
        self.order_id = order_id
        self.differing = differing

    def __str__(self) -> str:
        return f"order {self.order_id} was already placed with different {', '.join(self.differing)}"


class WrongOrder(OrderError):
    """Command and state belong to different orders. Load the stream of the command's order."""

    def __init__(self, order_id: str, loaded_order_id: str) -> None:
        super().__init__(order_id, loaded_order_id)
        self.order_id = order_id
        self.loaded_order_id = loaded_order_id

    def __str__(self) -> str:
        return f"a command for order {self.order_id} cannot be decided on order {self.loaded_order_id}"


class IllegalTransition(OrderError):
    """The transition is not possible in the order's status. Load it again and act on its current status."""

    def __init__(self, order_id: str, command: str, status: str) -> None:
        super().__init__(order_id, command, status)
        self.order_id = order_id
        self.command = command
        self.status = status

    def __str__(self) -> str:
        return f"{self.command} is not possible for order {self.order_id}, which is {self.status}"


class OrderNotCancellable(OrderError):
    """The order has shipped. Refund it instead."""

    def __init__(self, order_id: str, status: str) -> None:
        super().__init__(order_id, status)
        self.order_id = order_id
        self.status = status

    def __str__(self) -> str:
        return f"order {self.order_id} can no longer be cancelled: it is {self.status}, refund it instead"


class PaymentMismatch(OrderError):
    """The payment differs from the order's total. Refund it, or find the order that it belongs to."""

    def __init__(self, order_id: str, expected: Money, actual: Money) -> None:
        super().__init__(order_id, expected, actual)
        self.order_id = order_id
        self.expected = expected
        self.actual = actual

    def __str__(self) -> str:
        return f"order {self.order_id} costs {self.expected}, but the payment is {self.actual}"


class RefundOutOfRange(OrderError):
    """The refund exceeds the rest of the charge, or is not positive. Refund the amount that is left, or less."""

    def __init__(self, order_id: str, amount: Money, limit: Money) -> None:
        super().__init__(order_id, amount, limit)
        self.order_id = order_id
        self.amount = amount
        self.limit = limit

    def __str__(self) -> str:
        return f"of order {self.order_id} {self.limit} can be refunded, not {self.amount}"


class RefundNotOpen(OrderError):
    """The refund cannot be closed. Look at the order's refunds (`orders show`), and close an open one."""

    def __init__(self, order_id: str, refund_id: str, why: str) -> None:
        super().__init__(order_id, refund_id, why)
        self.order_id = order_id
        self.refund_id = refund_id
        self.why = why

    def __str__(self) -> str:
        return f"refund {self.refund_id} of order {self.order_id} cannot be closed: {self.why}"


class PaymentDisputed(OrderError):
    """The payment is in a dispute, open or lost: the provider refuses refunds. Answer the dispute at the provider."""

    def __init__(self, order_id: str, dispute: str) -> None:
        super().__init__(order_id, dispute)
        self.order_id = order_id
        self.dispute = dispute

    def __str__(self) -> str:
        return f"order {self.order_id} cannot be refunded: its payment is disputed as {self.dispute}"


class OrderOnHold(OrderError):
    """The order is on hold. Release it, or cancel it."""

    def __init__(self, order_id: str, reason: str) -> None:
        super().__init__(order_id, reason)
        self.order_id = order_id
        self.reason = reason

    def __str__(self) -> str:
        return f"order {self.order_id} is on hold: {self.reason}"


class TooManyTags(OrderError):
    """The order has as many tags as it may have. Remove one first."""

    def __init__(self, order_id: str, most: int) -> None:
        super().__init__(order_id, most)
        self.order_id = order_id
        self.most = most

    def __str__(self) -> str:
        return f"order {self.order_id} cannot have more than {self.most} tags: remove one first"


class TooManyAnnotations(OrderError):
    """Notes and tags were added to the order as often as they may be. Keep further notes elsewhere; tags can be removed."""

    def __init__(self, order_id: str, most: int) -> None:
        super().__init__(order_id, most)
        self.order_id = order_id
        self.most = most

    def __str__(self) -> str:
        return f"order {self.order_id} takes no more notes or tags: it was given {self.most:,} of them, the most for an order"


class NoPaymentAwaited(OrderError):
    """The order does not wait for a means of payment. Show the order: its payment is in progress, made, or given up."""

    def __init__(self, order_id: str, status: str) -> None:
        super().__init__(order_id, status)
        self.order_id = order_id
        self.status = status

    def __str__(self) -> str:
        why = "its payment is in progress" if self.status == "confirmed" else f"it is {self.status}"
        return f"order {self.order_id} awaits no means of payment: {why}"


class OrderAlreadyRefunded(OrderError):
    """A cancelled order has one refund, and another one is recorded. Compare both with the payment provider's books."""

    def __init__(self, order_id: str, recorded_refund_id: str, refund_id: str) -> None:
        super().__init__(order_id, recorded_refund_id, refund_id)
        self.order_id = order_id
        self.recorded_refund_id = recorded_refund_id
        self.refund_id = refund_id

    def __str__(self) -> str:
        return (
            f"order {self.order_id} was already refunded by {self.recorded_refund_id}, "
            f"so refund {self.refund_id} cannot be recorded"
        )


class CorruptStream(OrderError):
    """The stream holds an event that cannot follow on those before it. Do not append; find its writer."""

    def __init__(self, order_id: str, status: str, event_type: str) -> None:
        super().__init__(order_id, status, event_type)
        self.order_id = order_id
        self.status = status
        self.event_type = event_type

    def __str__(self) -> str:
        return f"the stream of order {self.order_id} is corrupt: {self.event_type} while {self.status}"
