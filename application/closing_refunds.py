"""Refunds that a person closes: withdrawn, or settled elsewhere because the money was returned in another way."""

from dataclasses import replace
from datetime import datetime
from typing import Final

import asyncpg

from activities.payment import refund_key, refund_request
from application.acting import act
from eventstore.command_handler import Handled, require_expected
from gateways.errors import RefundUnderWay
from gateways.legacy_refund_keys import LegacyRefundKeys
from gateways.payments import PaymentGateway, RefundRequest
from order_streams import Orders, load_order
from orders.commands import CloseRefund
from orders.decide import decide
from orders.errors import RefundNotOpen
from orders.events import RefundRequested
from orders.ids import CANCELLATION, stream_name
from orders.names import charge_key
from orders.payment_events import RefundOutcome
from orders.state import Cancelled, Shipped, State

OUTCOMES: Final = {"withdraw": RefundOutcome.WITHDRAWN, "settle": RefundOutcome.SETTLED_ELSEWHERE}


async def close_refund(
    orders: Orders,
    payments: PaymentGateway,
    pool: asyncpg.Pool,
    command: CloseRefund,
    *,
    actor: str,
    command_id: str,
    expected: frozenset[int] | None = None,
) -> Handled[State]:
    """Make sure at the provider that the refund is never made, then record how it was closed. expected: as in `act`, but
    compared before the call to the provider: what was done there is recorded at any version.

    Raises the domain's refusals, RefundNotOpen also if the provider has made the refund or may still make it,
    UnexpectedVersion, and the gateway's errors, after which the command is to be repeated.
    """
    loaded = await load_order(orders, command.order_id)
    require_expected(stream_name(command.order_id), loaded, command_id, expected)
    state = loaded.state
    if isinstance(state, Cancelled) and command.refund_id == CANCELLATION and state.refund is not None:
        command = replace(command, refund_id=state.refund.refund_id)
    if decide(command, state):
        try:
            command = await _close_at_provider(orders, payments, pool, command, state)
        except RefundUnderWay as error:
            raise RefundNotOpen(command.order_id, command.refund_id, error.why) from None
    return await act(orders, command, actor=actor, command_id=command_id)


async def _close_at_provider(
    orders: Orders, payments: PaymentGateway, pool: asyncpg.Pool, command: CloseRefund, state: State
) -> CloseRefund:
    """Return the command with the amount that was closed, where the provider has it."""
    if isinstance(state, Cancelled):
        return replace(command, amount=await payments.close_void(charge_key(command.order_id)))
    assert isinstance(state, Shipped)
    await payments.close_refund(await _request(orders, pool, state, command.refund_id))
    return command


async def _request(orders: Orders, pool: asyncpg.Pool, state: Shipped, refund_id: str) -> RefundRequest:
    """The request of a refund, as its workflow makes it."""
    [refund] = [each for each in state.requested if each.refund_id == refund_id]
    key = await refund_key(LegacyRefundKeys(pool), state.order.order_id, refund)
    return refund_request(key, state.order, refund, await _requested_at(orders, state.order.order_id, refund_id))


async def _requested_at(orders: Orders, order_id: str, refund_id: str) -> datetime | None:
    async for recorded, event in orders.events(stream_name(order_id)):
        if isinstance(event, RefundRequested) and event.refund_id == refund_id:
            return recorded.recorded_at
    return None
