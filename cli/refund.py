"""`orders refund`: refunds a shipped order, in full or in part."""

import asyncio
import re
import uuid
from typing import Annotated, Final

import asyncpg
import typer
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from application.outages import AWAY
from application.refunding import refund_of, request_refund, shipped
from cli.acting import Expect, Reason, actor, versions
from cli.arguments import AsJson, OrderId, identifier
from cli.output import note, show, show_json, visible
from cli.refusals import Refused
from cli.running import executed, opened, temporal_if_reachable
from order_streams import Orders
from orders.fields import MAX_AMOUNT
from orders.interventions import RequestRefund
from orders.money import format_money
from orders.names import workflow_id
from orders.records import Refund
from orders.state import Shipped
from settings import Settings
from workflows.model import REFUND_ORDER

_POLL: Final = 0.25  # seconds
_AMOUNT: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_ENDED_BADLY: Final = (
    WorkflowExecutionStatus.FAILED,
    WorkflowExecutionStatus.TERMINATED,
    WorkflowExecutionStatus.CANCELED,
    WorkflowExecutionStatus.TIMED_OUT,
)


def _minor_units(text: str) -> int:
    if not _AMOUNT.fullmatch(text) or not 1 <= int(text) <= MAX_AMOUNT:
        raise typer.BadParameter(f"must be a whole number of minor units, as 1250 for 12.50 EUR, not {visible(text)}")
    return int(text)


Amount = Annotated[
    int, typer.Option("--amount", parser=_minor_units, metavar="MINOR_UNITS", help="How much: 1250 is 12.50 EUR.")
]
RefundId = Annotated[
    str | None,
    typer.Option(
        "--refund-id",
        metavar="ID",
        help="The refund's id, a new one by default; a repeated id refunds nothing twice.",
        callback=identifier,
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Return when the refund is made and recorded.")]


@executed()
async def refund(
    settings: Settings,
    order_id: OrderId,
    amount: Amount,
    reason: Reason,
    refund_id: RefundId = None,
    expect: Expect = None,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Refund money of a shipped order, once or several times; all refunds together never exceed the charge.

    Prints the refund's id. Exits 1 where the order has not shipped, or less than the amount is left.
    """
    asked = RequestRefund(order_id, refund_id or uuid.uuid4().hex, amount, reason)
    async with opened(settings) as app:
        changed = await _request(app.orders, asked, expect)
        if wait:
            # The wait needs no Temporal: the stream shows when the refund is made.
            await _made(app.orders, await temporal_if_reachable(settings), asked)
        state = await shipped(app.orders, order_id)
    _print(asked, state, changed, as_json)


async def _request(orders: Orders, asked: RequestRefund, expect: int | None) -> bool:
    """Request the refund; return False where it was requested before."""
    try:
        handled = await request_refund(
            orders, asked, actor=actor(), command_id=str(uuid.uuid4()), expected=versions(expect)
        )
    except (asyncpg.PostgresError, *AWAY):
        note(f"the outcome of the request is unknown: repeat the command with --refund-id {asked.refund_id}")
        raise
    return handled.changed


async def _made(orders: Orders, client: Client | None, asked: RequestRefund) -> None:
    """Wait until the refund is recorded. Raises Refused where it is closed, or its workflow has failed."""
    id_ = workflow_id(REFUND_ORDER, asked.order_id, asked.refund_id)
    while not await _is_made(orders, asked):
        if closed := (await shipped(orders, asked.order_id)).closing(asked.refund_id):
            how = closed.outcome.replace("_", " ")
            raise Refused(f"refund {asked.refund_id} was not made: {how}, {visible(closed.reason)}")
        if client and await _ended_badly(client, id_) and not await _is_made(orders, asked):
            raise Refused(
                f"refund {asked.refund_id} was not made: {await _failure(client, id_)}. "
                f"It stays owed: fix the cause, then `orders retry {asked.order_id} --reason …`"
            )
        await asyncio.sleep(_POLL)


async def _is_made(orders: Orders, asked: RequestRefund) -> bool:
    return refund_of((await shipped(orders, asked.order_id)).refunds, asked.refund_id) is not None


async def _ended_badly(client: Client, id_: str) -> bool:
    try:
        return (await client.get_workflow_handle(id_).describe()).status in _ENDED_BADLY
    except RPCError:  # not started yet, or Temporal is unavailable: the stream decides
        return False


async def _failure(client: Client, id_: str) -> str:
    """Return the innermost cause of a workflow's failure."""
    try:
        await client.get_workflow_handle(id_).result()
    except WorkflowFailureError as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        return visible(cause.message if isinstance(cause, FailureError) else cause)
    return "its workflow ended without making it"


def _print(asked: RequestRefund, state: Shipped, changed: bool, as_json: bool) -> None:
    made = refund_of(state.refunds, asked.refund_id)
    currency = state.order.currency
    if as_json:
        show_json(
            {
                "orderId": asked.order_id,
                "refundId": asked.refund_id,
                "amount": asked.amount,
                "currency": currency,
                "requested": changed,
                "refunded": made is not None,
                "returned": made.amount if made else 0,
                "refundable": state.refundable,
            }
        )
        return
    amount, left = (format_money(each, currency) for each in (asked.amount, state.refundable))
    how = (
        f"was refunded{_less(made, asked, currency)}" if made else "is requested" if changed else "was requested before"
    )
    show(f"refund {asked.refund_id} of order {asked.order_id}: {amount} {how}, {left} can still be refunded")


def _less(made: Refund, asked: RequestRefund, currency: str) -> str:
    """Return the addition for a refund that was smaller than requested, as less was left of the charge."""
    return f" with {format_money(made.amount, currency)}, the whole rest" if made.amount < asked.amount else ""
