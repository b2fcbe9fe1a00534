"""`orders refunds`: refunds that a person closes, because the payment provider does not make them."""

import uuid
from typing import Annotated

import typer

from application.closing_refunds import close_refund
from cli.acting import Expect, Reason, actor, versions
from cli.arguments import AsJson, OrderId, identifier
from cli.output import show, show_json, visible
from cli.running import executed, opened
from eventstore.command_handler import Handled
from orders.commands import CloseRefund
from orders.money import format_money
from orders.payment_events import RefundOutcome
from orders.records import ClosedRefund
from orders.state import Cancelled, Shipped, State
from settings import Settings

refunds = typer.Typer(
    no_args_is_help=True, help="Refunds that the payment provider does not make: withdraw or settle one."
)

RefundId = Annotated[
    str,
    typer.Argument(
        metavar="REFUND",
        help="The refund's id; of a cancelled order its refund's id, or the word cancellation.",
        callback=identifier,
    ),
]


@refunds.command()
def withdraw(
    order_id: OrderId, refund_id: RefundId, reason: Reason, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Withdraw a requested refund that the payment provider has not made: its amount can be refunded again.

    Exits 1 where the provider has made the refund, or may still make it.
    """
    _close(CloseRefund(order_id, refund_id, RefundOutcome.WITHDRAWN, reason), expect, as_json)


@refunds.command()
def settle(
    order_id: OrderId, refund_id: RefundId, reason: Reason, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Close a refund whose money was returned in another way: nothing is returned again.

    Also for a cancelled order whose refund was refused or has failed. Exits 1 where the provider has made the refund, or may
    still make it.
    """
    _close(CloseRefund(order_id, refund_id, RefundOutcome.SETTLED_ELSEWHERE, reason), expect, as_json)


@executed()
async def _close(settings: Settings, asked: CloseRefund, expect: int | None, as_json: bool) -> None:
    async with opened(settings) as app:
        handled = await close_refund(
            app.orders,
            app.payments,
            app.pool,
            asked,
            actor=actor(),
            command_id=str(uuid.uuid4()),
            expected=versions(expect),
        )
    _print(asked, handled, as_json)


def _print(asked: CloseRefund, handled: Handled[State], as_json: bool) -> None:
    state = handled.state
    assert isinstance(state, Shipped | Cancelled)
    closed = _closed(state, asked)
    if as_json:
        show_json(
            {
                "orderId": asked.order_id,
                "refundId": closed.refund_id,
                "outcome": closed.outcome,
                "amount": closed.amount,
                "currency": state.order.currency,
                "changed": handled.changed,
            }
        )
        return
    how = closed.outcome.replace("_", " ")
    when = "is" if handled.changed else "was before"
    amount = format_money(closed.amount, state.order.currency)
    show(f"refund {visible(closed.refund_id)} of order {asked.order_id}: {amount} {when} {how}")


def _closed(state: Shipped | Cancelled, asked: CloseRefund) -> ClosedRefund:
    """The closed refund; a cancelled order has one."""
    named = [each for each in state.closed if each.refund_id == asked.refund_id]
    return [*named, *state.closed][0]
