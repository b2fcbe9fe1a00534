"""Refunds that Stripe and our ledger know differently: failed there, unknown here, or unknown there."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from activities.signatures import RETURN_PAYMENT
from application.losses import Loss
from gateways.stripe.amounts import from_stripe
from gateways.stripe.refund_ledger import REFUND_STATES, KnownRefund, StripeRefundLedger
from open_work.sources import Sources
from order_streams.folded import read_order
from orders.money import format_money
from orders.names import derived_name, kind_of, older_name
from orders.state import Shipped

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import StripeApi
    from gateways.stripe.objects import StripeRefund

FAILS_WITHIN: Final = timedelta(days=30)
"""The time that a customer's bank has to send a refund back."""


async def lost_refunds(sources: Sources, api: "StripeApi", since: datetime, *, apply: bool) -> AsyncIterator[Loss]:
    """The refunds of our charges, made in the 30 days before then or later, in which ledger and Stripe differ."""
    ledger, seen = StripeRefundLedger(sources.pool), set[str]()
    async for refund in api.refunds_since(since - FAILS_WITHIN):
        seen.add(refund.id)
        known = await ledger.known(refund.intent_id, refund.id) if refund.intent_id else None
        if known is not None and _differs(refund, known):
            yield await _lost(sources, api, refund, known, apply=apply)
    for order_id, row in await ledger.made_since(since - FAILS_WITHIN):
        if row.refund_id not in seen and row.refund_id not in {each.id for each in await api.refunds(row.intent_id)}:
            problem = f"was given {format_money(row.sent, row.currency)} back as {row.refund_id}, which Stripe has not"
            yield Loss("refund", order_id, problem, remedy="return the money in Stripe's dashboard, or another way")


def _differs(refund: "StripeRefund", known: KnownRefund) -> bool:
    """True where the ledger lacks the refund, or counts on one that has failed. Pending ones move forward by themselves."""
    return known.state is None or (REFUND_STATES.get(refund.status) == "failed" and known.state != "failed")


async def _lost(sources: Sources, api: "StripeApi", refund: "StripeRefund", known: KnownRefund, *, apply: bool) -> Loss:
    from gateways.stripe.refunds import StripeRefunds  # noqa: PLC0415

    assert refund.intent_id is not None
    money = format_money(from_stripe(refund.amount, known.currency), known.currency)
    problem = f"was given {money} back at Stripe as {refund.id}, and the ledger does not know"
    if known.state is not None:
        problem = f"was given {money} back as {refund.id}, which has failed at Stripe, and the ledger does not know"
    if apply:
        await StripeRefunds(api, StripeRefundLedger(sources.pool)).synced(refund.intent_id, known.currency)
    remedy = await _request_again(sources, refund, known)
    return Loss("refund", known.order_id, problem, done=apply and remedy is None, remedy=remedy)


async def _request_again(sources: Sources, refund: "StripeRefund", known: KnownRefund) -> str | None:
    """The command that records a refund of ours whose request the log has lost; None where its request is in the log."""
    kind, order_id = RETURN_PAYMENT.name, known.order_id
    if refund.key is None or kind_of(refund.key, order_id) != kind or REFUND_STATES.get(refund.status) == "failed":
        return None
    stream = await read_order(sources.pool, sources.codec, order_id)
    requested = stream.state.requested if stream and isinstance(stream.state, Shipped) else ()
    if any(
        refund.key in (derived_name(kind, order_id, each.refund_id), older_name(kind, order_id, each.refund_id))
        for each in requested
    ):
        return None
    prefix = older_name(kind, order_id, "")
    refund_id = refund.key.removeprefix(prefix) if refund.key.startswith(prefix) else "ITS-ID"  # a hash hides it
    amount = from_stripe(refund.amount, known.currency)
    return (
        f"orders refund {order_id} --refund-id {refund_id} --amount {amount} --reason … records it, and no money moves"
    )
