"""What Stripe tells by itself: each event once, written down in one transaction with what it changes in our ledger.

Events come late, repeated, at the same time and in any order. The ledger's states move forward only, and an event whose
object may have gone on since is a reason to ask Stripe, not a fact.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

import asyncpg

from gateways.stripe.amounts import from_stripe
from gateways.stripe.ledger import CHARGE_STATES
from gateways.stripe.refund_ledger import REFUND_STATES, SeenRefund, note_refund

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import Intent


KEPT: Final = timedelta(days=30)  # ten times as long as Stripe goes on delivering an event
PRUNED_AT_ONCE: Final = 1_000
_MAX_TEXT: Final = 255
_MAX_AMOUNT: Final = 10**12 - 1  # of any currency, in Stripe's units
_MAX_SECONDS: Final = 2**37  # since 1970, which is within the calendar
_SUCCEEDED: Final = "payment_intent.succeeded"
_PAYMENTS: Final = (_SUCCEEDED, "payment_intent.amount_capturable_updated", "payment_intent.payment_failed")
_REFUNDS: Final = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")

# Reads one row by stripe_charges_intent_id_key.
_IS_OURS: Final = "select true from gateways.stripe_charges c where c.intent_id = $1"

# A twin that comes at the same time waits at the primary key until the first has ended.
_RECEIVE: Final = """
insert into gateways.stripe_inbox (event_id, type, intent_id, created) values ($1, $2, $3, $4)
on conflict on constraint stripe_inbox_pkey do nothing
"""
_HANDLED: Final = "select handled_at is not null from gateways.stripe_inbox i where i.event_id = $1"
_DONE: Final = "update gateways.stripe_inbox set handled_at = now() where event_id = $1 and handled_at is null"

# Locks the row by its unique intent, and moves it forward or not at all.
_MOVE_CHARGE: Final = """
update gateways.stripe_charges c
set state = $2, authorised_until = coalesce($3, c.authorised_until), decline_code = $4, decline_reason = $5,
    updated_at = now()
where c.intent_id = $1 and gateways.stripe_rank(c.state) < gateways.stripe_rank($2)
"""

# Whether money is there, or held, that a tombstone says must not be; by the unique intent.
_MUST_GO_BACK: Final = """
select c.order_id from gateways.stripe_charges c
where c.intent_id = $1 and c.voided_at is not null and c.state in ('authorised', 'succeeded')
"""

# By stripe_inbox_handled_at_idx.
_PRUNE: Final = """
delete from gateways.stripe_inbox where event_id in (
    select i.event_id from gateways.stripe_inbox i where i.handled_at < now() - $1::interval limit $2)
"""


class InvalidStripeEvent(ValueError):
    """Nobody has signed this with our secret, not lately, or it is no event. The message quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """An event about one of Stripe's intents. about: the object as it was when the event came about."""

    id: str
    type: str
    created: datetime
    intent_id: str
    about: Mapping[str, Any]


class Provider(Protocol):
    """Who is asked in doubt; see StripeApi."""

    async def retrieve(self, intent_id: str) -> "Intent": ...


class StripeEvents:
    """Reads and takes events. verify: the decoded body, given body and signature; raises InvalidStripeEvent."""

    def __init__(
        self, pool: asyncpg.Pool, provider: Provider, verify: Callable[[bytes, str | None], Mapping[str, Any]]
    ) -> None:
        self._pool, self._provider, self._verify = pool, provider, verify

    async def read(self, body: bytes, signature: str | None) -> StripeEvent | None:
        """The event; None where it is of a kind that tells us nothing, or about a payment that is not ours.

        Raises InvalidStripeEvent.
        """
        event = _event(self._verify(body, signature))
        if event is None or not await self._pool.fetchval(_IS_OURS, event.intent_id):
            return None
        return event

    async def take(self, event: StripeEvent) -> str | None:
        """Write the event and what it says down, and that it is handled. The order whose money must go back, if it is
        there against a tombstone: then the event stays open until `done`.

        Raises GatewayUnavailable or GatewayMisconfigured where Stripe had to be asked; then nothing is written.
        """
        intent = await self._provider.retrieve(event.intent_id) if _in_doubt(event) else None
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(_RECEIVE, event.id, event.type, event.intent_id, event.created)
            if await connection.fetchval(_HANDLED, event.id):
                return None
            await _move(connection, event, intent)
            order_id: str | None = await connection.fetchval(_MUST_GO_BACK, event.intent_id)
            if order_id is None:
                await connection.execute(_DONE, event.id)
            return order_id

    async def done(self, event: StripeEvent) -> None:
        """All that the event asks for is done, or somebody does it who does not give up."""
        await self._pool.execute(_DONE, event.id)

    async def prune(self) -> int:
        """Forget a thousand of the events that nobody will deliver again; how many there were."""
        done = await self._pool.execute(_PRUNE, KEPT, PRUNED_AT_ONCE)
        return int(done.split()[-1])


def _in_doubt(event: StripeEvent) -> bool:
    """A payment that has succeeded, or a refund, goes no way but forward; any other payment may have gone on since."""
    return event.type in _PAYMENTS and event.type != _SUCCEEDED


async def _move(connection: Any, event: StripeEvent, intent: "Intent | None") -> None:
    if event.type in _REFUNDS:
        await _move_refund(connection, event)
    elif intent is None:
        await connection.execute(_MOVE_CHARGE, event.intent_id, "succeeded", None, None, None)
    elif intent.status == "requires_payment_method" and intent.decline:
        await connection.execute(_MOVE_CHARGE, event.intent_id, "declined", None, *intent.decline)
    elif charged := CHARGE_STATES.get(intent.status):
        await connection.execute(_MOVE_CHARGE, event.intent_id, charged, intent.held_until, None, None)


async def _move_refund(connection: Any, event: StripeEvent) -> None:
    about = event.about
    key = _object(about, "metadata").get("key") if about.get("metadata") else None
    currency = _text(about, "currency").upper()
    created = (
        datetime.fromtimestamp(_number(about, "created", _MAX_SECONDS), UTC) if "created" in about else event.created
    )
    seen = SeenRefund(
        id=about["id"],
        key=None if key is None else str(key),
        amount=from_stripe(_number(about, "amount"), currency),
        currency=currency,
        state=REFUND_STATES.get(str(about.get("status")), "pending"),
        created=created,
    )
    await note_refund(connection, event.intent_id, seen)


def _event(data: Mapping[str, Any]) -> StripeEvent | None:
    """The event that the body describes; None for the kinds that tell us nothing."""
    kind, about = _text(data, "type"), _object(_object(data, "data"), "object")
    if kind not in (*_PAYMENTS, *_REFUNDS):
        return None
    id_ = _text(about, "id")
    if kind in _REFUNDS and about.get("payment_intent") is None:
        return None  # of a charge that was made without an intent, and so not by us
    intent_id = id_ if kind in _PAYMENTS else _text(about, "payment_intent")
    created = datetime.fromtimestamp(_number(data, "created", _MAX_SECONDS), UTC)
    return StripeEvent(_text(data, "id"), kind, created, intent_id, about)


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
