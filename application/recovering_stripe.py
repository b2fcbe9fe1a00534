"""Charges at Stripe that the ledger or the log has lost."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from activities.payment import charge_request
from gateways.stripe.amounts import from_stripe
from gateways.stripe.ledger import StripeLedger
from order_streams import Orders
from orders.ids import stream_name
from orders.money import format_money
from orders.state import NotPlaced

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import StripeApi
    from gateways.stripe.objects import Intent


@dataclass(frozen=True, slots=True)
class LostCharge:
    """A charge at Stripe without a row in the ledger. done: adopted. remedy: the repair by hand, None if adopted."""

    order_id: str
    problem: str
    done: bool = False
    remedy: str | None = None


async def lost_charges(
    orders: Orders, ledger: StripeLedger, api: "StripeApi", since: datetime, *, apply: bool
) -> AsyncIterator[LostCharge]:
    """Our intents since then that hold or have money, without a row in the ledger."""
    async for intent in api.created_since(since):
        if intent.key is None or intent.order_id is None or not _keeps(intent):
            continue
        row = await ledger.find(intent.key)
        if row is None or row.intent_id != intent.id:
            yield await _lost(orders, ledger, api, intent, intent.order_id, apply=apply)


def _keeps(intent: "Intent") -> bool:
    taken = intent.status == "succeeded" and intent.received > intent.amount_refunded
    return taken or intent.status in ("requires_capture", "processing")


async def _lost(
    orders: Orders, ledger: StripeLedger, api: "StripeApi", intent: "Intent", order_id: str, *, apply: bool
) -> LostCharge:
    from gateways.stripe.adoption import StripeAdoption  # noqa: PLC0415

    money = format_money(from_stripe(intent.amount, intent.currency), intent.currency)
    state = (await orders.load(stream_name(order_id))).state
    if isinstance(state, NotPlaced):
        problem = f"was charged {money} at Stripe as {intent.id}, and no such order is in the log"
        return LostCharge(order_id, problem, remedy="place the order again, or return the money in Stripe's dashboard")
    problem, request = (
        f"was charged {money} at Stripe as {intent.id}, and the ledger does not know",
        charge_request(state.order),
    )
    row = await ledger.find(request.key)
    adoptable = row is None or (row.voided_at is None and row.state in ("new", "declined"))
    same = (request.key, request.amount, request.currency) == (
        intent.key,
        from_stripe(intent.amount, intent.currency),
        intent.currency,
    )
    if not adoptable or not same:
        return LostCharge(order_id, problem, remedy=f"return {intent.id} in Stripe's dashboard")
    if apply:
        await StripeAdoption(api, ledger).adopt_for(request, intent)
    return LostCharge(order_id, problem, done=apply)
