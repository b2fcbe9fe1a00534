"""`orders retry`: starts lost workflows of an order again, and wakes waiting ones."""

import uuid
from typing import Annotated

import typer

from application.retrying import Retried, retry
from cli.acting import Expect, Reason, actor, versions
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json
from cli.running import executed, opened, temporal
from orders.interventions import RetryOrder
from settings import Settings

Carrier = Annotated[str | None, typer.Option("--carrier", help="Buy the order's label from this carrier.")]
Service = Annotated[str | None, typer.Option("--service", help="Buy the label of this service of the carrier.")]


@executed()
async def retry_order(
    settings: Settings,
    order_id: OrderId,
    reason: Reason,
    carrier: Carrier = None,
    service: Service = None,
    expect: Expect = None,
    as_json: AsJson = False,
) -> None:
    """Start the workflows of an order again that were terminated, have failed or are stalled.

    Completed steps are not repeated. A running workflow is woken and retries its pending steps at once. An order on hold
    continues when it is released. A cancelled order stays cancelled: what is left of it is undone. A choice of carrier or
    service stays with the order until another is made.
    """
    async with opened(settings) as app:
        client = await temporal(settings, lazy=True)
        request = RetryOrder(order_id, reason, carrier, service)
        retried = await retry(
            app.orders,
            client,
            settings,
            request,
            actor=actor(),
            command_id=str(uuid.uuid4()),
            expected=versions(expect),
        )
    _print(order_id, retried, as_json)


def _print(order_id: str, retried: Retried, as_json: bool) -> None:
    state, held = retried.handled.state, retried.handled.state.hold is not None
    if as_json:
        document = {"orderId": order_id, "status": state.status, "onHold": held, "workflows": retried.workflows}
        show_json(document | {"effect": retried.effect})
        return
    show(f"order {order_id} is {state.status}, retried by {', '.join(retried.workflows)}")
    show(retried.effect)
