"""Stripe's webhook events: each is recorded once, in one transaction with its changes to the ledger.

Events arrive late, repeated, concurrently and in any order. States in the ledger move forward only, and an event whose
object may have changed since is confirmed by a request to Stripe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg

from gateways.stripe import statements
from gateways.stripe.amounts import from_stripe
from gateways.stripe.ledger import CHARGE_STATES
from gateways.stripe.refund_ledger import REFUND_STATES, SeenRefund, has_moved_money, record_refund

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.objects import Intent


RETENTION: Final = timedelta(days=30)  # Stripe redelivers an event for three days
_PRUNED_AT_ONCE: Final = 1_000
_MAX_TEXT: Final = 255
_MAX_AMOUNT: Final = 10**12 - 1  # in Stripe's units of any currency
_MAX_SECONDS: Final = 2**37  # since 1970: a date that datetime can express
_SUCCEEDED: Final = "payment_intent.succeeded"
PAYMENT_EVENTS: Final = (_SUCCEEDED, "payment_intent.amount_capturable_updated", "payment_intent.payment_failed")
REFUND_EVENTS: Final = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTE_EVENTS: Final = tuple(
    f"charge.dispute.{change}" for change in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
)
CHANGE_EVENTS: Final = ("payment_intent.canceled", "charge.refunded", *DISPUTE_EVENTS)
"""Events that change nothing in the ledger by themselves: the payment is compared with its order."""


class InvalidStripeEvent(ValueError):
    """The body is not signed with our secret, its signature is too old, or it is no event. The message quotes none of it."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """An event about an intent. object: the intent, refund, charge or dispute at the time of the event."""

    id: str
    type: str
    created: datetime
    intent_id: str
    object: Mapping[str, Any]

    @property
    def may_change_the_order(self) -> bool:
        """True where the payment may differ from the order's, other than by a request of this system."""
        if self.type == _SUCCEEDED:
            amount = self.object.get("amount")
            return bool(self.object.get("amount_received", amount) != amount)
        return self.type in (*CHANGE_EVENTS, *REFUND_EVENTS)


class IntentReader(Protocol):
    """Reads the current state of an intent; see StripeApi."""

    async def retrieve(self, intent_id: str) -> "Intent": ...


class StripeEvents:
    """Reads and records events. verify: decodes a signed body; raises InvalidStripeEvent."""

    def __init__(
        self, pool: asyncpg.Pool, intents: IntentReader, verify: Callable[[bytes, str | None], Mapping[str, Any]]
    ) -> None:
        self._pool, self._intents, self._verify = pool, intents, verify

    async def read(self, body: bytes, signature: str | None) -> StripeEvent | None:
        """Return the event; None if its type is not handled or its payment is not ours. Raises InvalidStripeEvent."""
        event = _event(self._verify(body, signature))
        if event is None or not await self._pool.fetchval(statements.HAS_INTENT, event.intent_id):
            return None
        return event

    async def record(self, event: StripeEvent) -> str | None:
        """Record the event and its changes to the ledger. The event stays open until `mark_handled`.

        Returns the order if money is captured or authorised against its tombstone. If a request to Stripe fails, records
        nothing and raises GatewayUnavailable or GatewayMisconfigured.
        """
        intent = await self._intents.retrieve(event.intent_id) if _may_be_outdated(event) else None
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statements.RECEIVE_EVENT, event.id, event.type, event.intent_id, event.created)
            if await connection.fetchval(statements.IS_HANDLED, event.id):
                return None
            await _apply(connection, event, intent)
            order_id: str | None = await connection.fetchval(statements.VOIDED_WITH_MONEY, event.intent_id)
            if order_id is None and not event.may_change_the_order:
                await connection.execute(statements.MARK_HANDLED, event.id)
            return order_id

    async def order_of(self, event: StripeEvent) -> str | None:
        order_id: str | None = await self._pool.fetchval(statements.ORDER_OF_INTENT, event.intent_id)
        return order_id

    async def is_handled(self, event: StripeEvent) -> bool:
        return bool(await self._pool.fetchval(statements.IS_HANDLED, event.id))

    async def mark_handled(self, event: StripeEvent) -> None:
        """Close the event: its order is up to date, and a workflow that refunds money has started where one is due."""
        await self._pool.execute(statements.MARK_HANDLED, event.id)

    async def prune(self) -> int:
        """Delete a batch of events that Stripe no longer redelivers, and count them."""
        done = await self._pool.execute(statements.PRUNE_EVENTS, RETENTION, _PRUNED_AT_ONCE)
        return int(done.split()[-1])


def _may_be_outdated(event: StripeEvent) -> bool:
    """True for an event of a payment that had not succeeded: its other states follow one another in any order."""
    return event.type in PAYMENT_EVENTS and event.type != _SUCCEEDED


async def _apply(connection: Any, event: StripeEvent, intent: "Intent | None") -> None:
    if event.type in REFUND_EVENTS:
        await _apply_refund(connection, event)
    elif event.type == _SUCCEEDED:
        await connection.execute(statements.RECORD_INTENT, event.intent_id, "succeeded", None, None, None)
    elif intent is None:
        return
    elif intent.status == "requires_payment_method" and intent.decline:
        await connection.execute(statements.RECORD_INTENT, event.intent_id, "declined", None, *intent.decline)
    elif charged := CHARGE_STATES.get(intent.status):
        await connection.execute(statements.RECORD_INTENT, event.intent_id, charged, intent.held_until, None, None)


async def _apply_refund(connection: Any, event: StripeEvent) -> None:
    refund = event.object
    key = _object(refund, "metadata").get("key") if refund.get("metadata") else None
    if not has_moved_money(refund.get("status"), key, refund.get("balance_transaction", "not read")):
        return
    currency = _text(refund, "currency").upper()
    created = _time(refund) if "created" in refund else event.created
    seen = SeenRefund(
        id=refund["id"],
        key=None if key is None else str(key),
        amount=from_stripe(_number(refund, "amount"), currency),
        currency=currency,
        state=REFUND_STATES.get(str(refund.get("status")), "pending"),
        created=created,
    )
    await record_refund(connection, event.intent_id, seen)


def _event(data: Mapping[str, Any]) -> StripeEvent | None:
    """Return the event in the body; None for types that are not handled."""
    type_, about = _text(data, "type"), _object(_object(data, "data"), "object")
    if type_ not in (*PAYMENT_EVENTS, *REFUND_EVENTS, *CHANGE_EVENTS):
        return None
    id_, of_intent = _text(about, "id"), type_.startswith("payment_intent.")
    if not of_intent and about.get("payment_intent") is None:
        return None  # of a charge without an intent, and so not ours
    intent_id = id_ if of_intent else _text(about, "payment_intent")
    return StripeEvent(_text(data, "id"), type_, _time(data), intent_id, about)


def _time(data: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(_number(data, "created", _MAX_SECONDS), UTC)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= _MAX_TEXT or not value.isprintable():
        raise InvalidStripeEvent(f"{name} must be text of 1 to {_MAX_TEXT} characters")
    return value


def _object(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    if not isinstance(value, Mapping):
        raise InvalidStripeEvent(f"{name} must be an object")
    return value


def _number(data: Mapping[str, Any], name: str, most: int = _MAX_AMOUNT) -> int:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidStripeEvent(f"{name} must be a whole number of 0 to {most}")
    return value
