"""`orders cancel`: a person ends an order."""

import uuid
from enum import StrEnum
from typing import Annotated

import typer

from bootstrap import App
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json, visible
from cli.placing import login
from cli.running import execute, opened
from eventstore.command_handler import Handled
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.state import Cancelled, State
from settings import Settings


class Person(StrEnum):
    """Who can cancel here; the workflows cancel by themselves."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


Reason = Annotated[str, typer.Option("--reason", help="Why, as it is shown to others.")]
By = Annotated[Person, typer.Option("--by", help="Whose wish it is.")]


def cancel(order_id: OrderId, reason: Reason, by: By = Person.OPERATOR, as_json: AsJson = False) -> None:
    """Cancel an order that has not shipped; what was charged, reserved or bought for it is undone.

    Exits 1 where it has shipped. Cancelled already, it stays as it is.
    """

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            handled = await _cancel(app, CancelOrder(order_id, reason, CancelledBy(by)))
        state = handled.state
        assert isinstance(state, Cancelled)
        if as_json:
            show_json(_document(order_id, state, handled.changed))
        elif handled.changed:
            show("cancelled")
        else:
            show(f"was cancelled already ({visible(state.reason)}, by {state.cancelled_by})")

    execute(command)


async def _cancel(app: App, command: CancelOrder) -> Handled[State]:
    stream = stream_name(command.order_id)
    metadata = {"actor": f"cli:{login()}"}
    for first in await app.store.read_stream(stream, limit=1):
        metadata["correlationId"] = first.metadata.get("correlationId", str(first.id))
    return await app.orders.handle(stream, command, command_id=str(uuid.uuid4()), metadata=metadata)


def _document(order_id: str, state: Cancelled, changed: bool) -> dict[str, object]:
    return {
        "orderId": order_id,
        "cancelled": changed,
        "reason": state.reason,
        "cancelledBy": state.cancelled_by.value,
        "paymentState": state.payment_state,
    }
