"""Decides on adjustments of a payment. Between the charge and the shipment an adjustment puts the order on hold."""

from orders.adjustments import INCLUDED_IN_CANCELLATION, PaymentAdjusted
from orders.commands import RecordAdjustment
from orders.events import Event, OrderHeld, shared_facts
from orders.fields import MAX_TEXT
from orders.interventions import illegal
from orders.state import Cancelled, Confirmed, ExistingOrder, Paid, Placed

_REMEDY = ": release the order to ship it as it is, or cancel it"


def record_adjustment(command: RecordAdjustment, state: ExistingOrder) -> list[Event]:
    """The event of the adjustment, and a hold; none where it is recorded, or part of the refund of a cancelled order.

    Raises IllegalTransition for a payment that is not the order's.
    """
    if isinstance(state, Placed) or (state.payment and state.payment.payment_id != command.payment_id):
        raise illegal(command, state)
    if any((each.action, each.reference) == (command.action, command.reference) for each in state.adjustments):
        return []
    if isinstance(state, Cancelled) and command.action in INCLUDED_IN_CANCELLATION:
        return []
    adjusted = PaymentAdjusted(
        **shared_facts(state.order),
        action=command.action,
        reference=command.reference,
        payment_id=command.payment_id,
        amount=command.amount,
        returned=_returned(command, state),
        status=state.status,
        reason=command.reason,
    )
    if isinstance(state, Confirmed | Paid) and state.hold is None and command.action != "dispute_won":
        reason = adjusted.summary[: MAX_TEXT - len(_REMEDY)] + _REMEDY
        return [adjusted, OrderHeld(**shared_facts(state.order), reason=reason)]
    return [adjusted]


def _returned(command: RecordAdjustment, state: ExistingOrder) -> int:
    payment = state.payment.amount if state.payment else state.order.total
    match command.action:
        case "refunded" | "dispute_lost":
            return command.amount
        case "captured":
            return payment - command.amount
        case "released":
            return payment
        case "dispute_won":
            lost = [each for each in state.adjustments if each.action == "dispute_lost"]
            return -sum(each.returned for each in lost if each.reference == command.reference)
        case "disputed":
            return 0
