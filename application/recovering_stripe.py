"""Charges at Stripe that the ledger or the log has lost."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING

from activities.payment import charge_request
from application.losses import Loss
from gateways.stripe.amounts import from_stripe
from gateways.stripe.ledger import StripeLedger
from open_work.sources import Sources
from order_streams.folded import read_order
from orders.money import format_money

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import StripeApi
    from gateways.stripe.objects import Intent


async def lost_charges(sources: Sources, api: "StripeApi", since: datetime, *, apply: bool) -> AsyncIterator[Loss]:
    """Our intents since then that hold or have money, without a row in the ledger."""
    ledger = StripeLedger(sources.pool)
    async for intent in api.created_since(since):
        if intent.key is None or intent.order_id is None or not _keeps(intent):
            continue
        row = await ledger.find(intent.key)
        if row is None or row.intent_id != intent.id:
            yield await _lost(sources, ledger, api, intent, intent.order_id, apply=apply)


def _keeps(intent: "Intent") -> bool:
    taken = intent.status == "succeeded" and intent.received > intent.amount_refunded
    return taken or intent.status in ("requires_capture", "processing")


async def _lost(
    sources: Sources, ledger: StripeLedger, api: "StripeApi", intent: "Intent", order_id: str, *, apply: bool
) -> Loss:
    from gateways.stripe.adoption import StripeAdoption  # noqa: PLC0415

    money = format_money(from_stripe(intent.amount, intent.currency), intent.currency)
    stream = await read_order(sources.pool, sources.codec, order_id)
    if stream is None:
        problem = f"was charged {money} at Stripe as {intent.id}, and no such order is in the log"
        return Loss(
            "charge", order_id, problem, remedy="place the order again, or return the money in Stripe's dashboard"
        )
    problem = f"was charged {money} at Stripe as {intent.id}, and the ledger does not know"
    if stream.state is None:
        return Loss("charge", order_id, problem, remedy=f"repair its stream ({stream.fault}), and run this again")
    request = charge_request(stream.state.order)
    row = await ledger.find(request.key)
    adoptable = row is None or (row.voided_at is None and row.state in ("new", "declined"))
    same = (request.key, request.amount, request.currency) == (
        intent.key,
        from_stripe(intent.amount, intent.currency),
        intent.currency,
    )
    if not adoptable or not same:
        return Loss("charge", order_id, problem, remedy=f"return {intent.id} in Stripe's dashboard")
    if apply:
        await StripeAdoption(api, ledger).adopt_for(request, intent)
    return Loss("charge", order_id, problem, done=apply)
