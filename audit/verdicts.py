"""Verdict on one order, given the evidence. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit.report import LABELS, MESSAGES, MONEY, OPEN_ORDERS, STOCK, STREAMS, Finding
from open_work.evidence import Evidence
from open_work.open_orders import Prospect
from order_streams.folded import OrderStream
from orders.adjustments import returned_by
from orders.model import quantities
from orders.money import format_money
from orders.state import Cancelled, Confirmed, Paid, Placed, Shipped
from workflows.model import NOTIFY_SHIPMENT, REFUND_ORDER


@dataclass(frozen=True, slots=True)
class Verdict:
    """Findings about an order at a version of its stream. status and units (ordered) are for the figures."""

    order_id: str
    version: int
    findings: tuple[Finding, ...]
    status: str | None = None
    open_reason: str | None = None
    units: int = 0


def of_broken(stream: OrderStream) -> Verdict:
    """The verdict on a stream that does not fold: it is the order's only finding."""
    fault = stream.fault or "does not fold"
    return Verdict(stream.order_id, stream.version, (Finding(STREAMS, stream.order_id, fault),))


def of_order(evidence: Evidence, prospects: Sequence[Prospect]) -> Verdict:
    """The verdict on an order. prospects: work left for the order, and whether it can still finish; none if it is complete."""
    waiting = any(prospect.reason for prospect in prospects)
    findings = (
        *_money(evidence, waiting),
        *_labels(evidence, waiting),
        *_goods(evidence, waiting),
        *_messages(evidence, prospects),
        *_open(evidence, prospects),
    )
    return Verdict(
        evidence.stream.order_id,
        evidence.stream.version,
        findings,
        evidence.state.status,
        next((prospect.reason for prospect in prospects if prospect.reason), None),
        sum(quantities(evidence.state.order).values()),
    )


def _money(evidence: Evidence, waiting: bool) -> Iterator[Finding]:
    order, allowed = evidence.state.order, _money_allowed(evidence, waiting)
    if evidence.kept not in allowed:
        due = _amounts(allowed, order.currency)
        yield _finding(
            evidence,
            MONEY,
            f"is {evidence.state.status}: the gateway charged {format_money(evidence.charged, order.currency)} and "
            f"returned {format_money(evidence.refunded, order.currency)}, where {due} should be kept",
        )
    elif not waiting:
        yield from _recorded_money(evidence)
    if evidence.held and isinstance(evidence.state, Shipped):
        held = format_money(evidence.held, order.currency)
        yield _finding(evidence, MONEY, f"is shipped: the gateway only holds {held}, and has not taken it")
    for books in evidence.foreign:
        amount = format_money(books.charged, books.currency or "")
        yield _finding(evidence, MONEY, f"costs {order.currency}, and the gateway charged {amount}")


def _money_allowed(evidence: Evidence, waiting: bool) -> Sequence[int]:
    total = evidence.state.order.total
    adjusted = total - returned_by(evidence.state.adjustments)
    match evidence.state:
        case Paid():
            return (adjusted,)
        case Shipped() as state:
            most = adjusted - sum(refund.amount for refund in state.returned)
            # A refund that is owed may have left the gateway, and may not have.
            return range(most - sum(refund.amount for refund in state.owed), most + 1)
        case Confirmed():
            return (0, adjusted)
        case Cancelled() if waiting:
            return (0, adjusted, total)
        case Cancelled(is_settled=True) as state:
            return (sum(each.amount for each in state.closed),)
        case Placed() | Cancelled():
            return (0,)


def _amounts(allowed: Sequence[int], currency: str) -> str:
    between = " to " if isinstance(allowed, range) else " or "
    ends = dict.fromkeys((allowed[0], allowed[-1]))
    return between.join(format_money(amount, currency) for amount in ends)


def _recorded_money(evidence: Evidence) -> Iterator[Finding]:
    """The stream's own figures against the gateway's."""
    state, currency = evidence.state, evidence.state.order.currency
    if state.payment and state.payment.amount != evidence.charged:
        recorded, charged = (format_money(amount, currency) for amount in (state.payment.amount, evidence.charged))
        yield _finding(evidence, MONEY, f"records a payment of {recorded}, and the gateway charged {charged}")
    if isinstance(state, Cancelled) and not state.is_settled and state.returned_money != evidence.refunded:
        recorded, returned = (format_money(amount, currency) for amount in (state.returned_money, evidence.refunded))
        yield _finding(evidence, MONEY, f"records refunds of {recorded}, and the gateway returned {returned}")


def _labels(evidence: Evidence, waiting: bool) -> Iterator[Finding]:
    live, state = evidence.live_labels, evidence.state
    match state:
        case Shipped():
            holds, due = live == 1, "1"
        case Confirmed() | Paid():
            holds, due = live <= 1, "at most 1"
        case Cancelled() if waiting:
            holds, due = live <= 1, "at most 1"
        case Placed() | Cancelled():
            holds, due = live == 0, "0"
    if not holds:
        yield _finding(evidence, LABELS, f"is {state.status}: {live} live labels, where {due} should be")


def _goods(evidence: Evidence, waiting: bool) -> Iterator[Finding]:
    state, held = evidence.state, evidence.reserved
    whole = held == quantities(state.order)
    match state:
        case Shipped():
            holds, due = whole, "what was ordered"
        case Confirmed() | Paid():
            holds, due = whole or not held, "what was ordered, or nothing"
        case Cancelled() if waiting:
            holds, due = whole or not held, "what was ordered, or nothing"
        case Placed() | Cancelled():
            holds, due = not held, "nothing"
    if not holds:
        yield _finding(evidence, STOCK, f"is {state.status}: holds {_units(held)}, where {due} should be held")


def _units(held: dict[str, int]) -> str:
    named = ", ".join(f"{units} of {sku}" for sku, units in sorted(held.items())[:5])
    return named + (", …" if len(held) > 5 else "") if held else "nothing"


def _messages(evidence: Evidence, prospects: Sequence[Prospect]) -> Iterator[Finding]:
    missing = " and ".join(evidence.missing)
    for prospect in prospects:
        if prospect.work.workflow == NOTIFY_SHIPMENT and prospect.fault:
            yield _finding(evidence, MESSAGES, f"is shipped, {missing} was never published, and {prospect.fault}")


def _open(evidence: Evidence, prospects: Sequence[Prospect]) -> Iterator[Finding]:
    """Open orders that cannot finish. Other checks cover shipped orders' messages and what a cancelled order keeps."""
    for prospect in prospects:
        if prospect.work.workflow == REFUND_ORDER and prospect.fault:
            yield _finding(
                evidence, OPEN_ORDERS, f"is shipped and owes a refund that was asked for, and {prospect.fault}"
            )
        elif isinstance(evidence.state, Placed | Confirmed | Paid) and prospect.fault:
            yield _finding(evidence, OPEN_ORDERS, f"is {evidence.state.status}, and {prospect.fault}")


def _finding(evidence: Evidence, check: str, problem: str) -> Finding:
    return Finding(check, evidence.stream.order_id, problem)
