"""`orders cancel`: cancels an order on behalf of a person."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.acting import Expect, Reason, act
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json, visible
from cli.running import executed, opened
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.state import Cancelled
from settings import Settings


class Person(StrEnum):
    """Persons who can cancel an order; workflows cancel by themselves."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


By = Annotated[Person, typer.Option("--by", help="The person who wishes it.")]


@executed()
async def cancel(
    settings: Settings,
    order_id: OrderId,
    reason: Reason,
    by: By = Person.OPERATOR,
    expect: Expect = None,
    as_json: AsJson = False,
) -> None:
    """Cancel an order that has not shipped; its charge, reservation and label are undone.

    Exits 1 where it has shipped. A cancelled order is unchanged.
    """
    async with opened(settings) as app:
        handled = await act(app.orders, CancelOrder(order_id, reason, CancelledBy(by)), expect)
    state = handled.state
    assert isinstance(state, Cancelled)
    if as_json:
        show_json(_document(order_id, state, handled.changed))
    elif handled.changed:
        show(f"order {order_id} is cancelled")
    else:
        show(f"order {order_id} was cancelled already ({visible(state.reason)}, by {state.cancelled_by})")


def _document(order_id: str, state: Cancelled, changed: bool) -> dict[str, object]:
    return {
        "orderId": order_id,
        "cancelled": changed,
        "reason": state.reason,
        "cancelledBy": state.cancelled_by.value,
        "paymentState": state.payment_state,
    }
