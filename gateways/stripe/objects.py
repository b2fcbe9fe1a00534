"""Stripe's objects as the gateway uses them. Amounts in Stripe's units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stripe

from gateways.stripe.errors import decline_of
from gateways.stripe.refund_ledger import has_moved_money

# The shortest time for which a card network keeps an authorisation; for most cards Stripe gives the time itself.
_SHORTEST_HOLD: Final = timedelta(days=4, hours=18)
_EXPIRED: Final = ("automatic", "expired")
"""Reasons of a cancellation that Stripe gives itself."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A PaymentIntent. held: money was authorised or captured at some time. received: the captured amount.

    decline: code and message of the last declined attempt. key, order_id: from its metadata, None if the intent is not
    ours. replayed: Stripe repeated an earlier answer, which may be out of date. expired: cancelled by Stripe, not by a
    person. disputed: its charge has a dispute in any state. action: for the customer's browser.
    """

    id: str
    status: str
    amount_refunded: int
    amount: int
    received: int
    held: bool
    held_until: datetime | None
    decline: tuple[str, str] | None
    currency: str
    created: datetime
    key: str | None
    order_id: str | None
    replayed: bool = False
    expired: bool = False
    disputed: bool = False
    action: Mapping[str, Any] | None = None
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StripeRefund:
    """A refund. status: pending, requires_action, succeeded, failed or canceled. key: from its metadata; None if it was made
    by hand. intent_id: None if the charge was made without an intent. moved_money: False for the uncaptured rest of an
    authorisation, which Stripe lists as a refund too."""

    id: str
    status: str
    amount: int
    created: datetime
    key: str | None
    intent_id: str | None = None
    moved_money: bool = True


@dataclass(frozen=True, slots=True)
class StripeDispute:
    """A dispute. status: warning_… for an inquiry, which withdraws no money; needs_response, under_review, won or lost."""

    id: str
    status: str
    amount: int
    currency: str
    created: datetime
    reason: str
    intent_id: str | None = None


def intent_of(found: stripe.PaymentIntent) -> Intent:
    """Convert a PaymentIntent with its latest charge expanded."""
    charge = found.latest_charge if isinstance(found.latest_charge, stripe.Charge) else None
    received: int | None = getattr(found, "amount_received", None)
    metadata = found.metadata.to_dict() if found.metadata else {}
    headers = dict(found.last_response.headers or {}) if found.last_response else {}
    return Intent(
        id=found.id,
        status=found.status,
        amount=found.amount,
        received=found.amount if received is None else received,
        amount_refunded=charge.amount_refunded if charge else 0,
        held=charge is not None and charge.status == "succeeded",
        held_until=_held_until(charge) if charge and found.status == "requires_capture" else None,
        decline=decline_of(found.last_payment_error) if found.last_payment_error else None,
        currency=found.currency.upper(),
        created=datetime.fromtimestamp(found.created, UTC),
        key=metadata.get("key"),
        order_id=metadata.get("orderId"),
        replayed=headers.get("idempotent-replayed") == "true",
        expired=getattr(found, "cancellation_reason", None) in _EXPIRED,
        disputed=bool(getattr(charge, "disputed", False)),
        action=_plain(getattr(found, "next_action", None)),
        client_secret=getattr(found, "client_secret", None),
    )


def _plain(found: Any) -> Mapping[str, Any] | None:
    return found.to_dict() if isinstance(found, stripe.StripeObject) else found


def _held_until(charge: stripe.Charge) -> datetime:
    details = getattr(charge, "payment_method_details", None)
    until = getattr(getattr(details, "card", None), "capture_before", None)
    return datetime.fromtimestamp(until or charge.created + _SHORTEST_HOLD.total_seconds(), UTC)


def refund_of(found: stripe.Refund) -> StripeRefund:
    key = found.metadata.to_dict().get("key") if found.metadata is not None else None
    created = datetime.fromtimestamp(found.created, UTC)
    moved_money = has_moved_money(found.status, key, getattr(found, "balance_transaction", "not read"))
    return StripeRefund(found.id, found.status or "pending", found.amount, created, key, _intent_id(found), moved_money)


def dispute_of(found: stripe.Dispute) -> StripeDispute:
    created = datetime.fromtimestamp(found.created, UTC)
    currency = found.currency.upper()
    return StripeDispute(found.id, found.status, found.amount, currency, created, found.reason, _intent_id(found))


def _intent_id(found: stripe.Refund | stripe.Dispute) -> str | None:
    intent = getattr(found, "payment_intent", None)
    return intent if isinstance(intent, str) or intent is None else intent.id
