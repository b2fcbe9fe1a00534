"""`orders pay`: gives an order that waits for its payment another means of payment."""

from typing import Annotated

import typer

from cli.acting import Expect, act
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json
from cli.running import executed, opened
from orders.ids import payment_method_problem
from orders.payment_attempts import GivePaymentMethod
from settings import Settings


def _token(value: str) -> str:
    if problem := payment_method_problem(value):
        raise typer.BadParameter(problem)
    return value


PaymentMethod = Annotated[
    str,
    typer.Option(
        "--payment-method",
        metavar="TOKEN",
        help="The provider's token, such as Stripe's pm_…; never a card number.",
        callback=_token,
    ),
]


@executed()
async def pay(
    settings: Settings, order_id: OrderId, payment_method: PaymentMethod, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Charge an order that waits for its payment by another means of payment.

    Exits 1 where the order does not wait: its payment is in progress, it is paid, or it is cancelled. An order on hold is
    charged when it is released.
    """
    async with opened(settings) as app:
        handled = await act(app.orders, GivePaymentMethod(order_id, payment_method), expect)
    state = handled.state
    if as_json:
        show_json(
            {
                "orderId": order_id,
                "changed": handled.changed,
                "status": state.status,
                "onHold": state.hold is not None,
            }
        )
    elif not handled.changed:
        show(f"order {order_id} was given this means of payment already")
    elif state.hold is not None:
        show(f"order {order_id} is on hold: it is charged when it is released")
    else:
        show(f"order {order_id} is charged again")
