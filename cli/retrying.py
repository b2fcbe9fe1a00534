"""`orders retry`: takes up an order whose workflow was lost or waits."""

import uuid

from application.retrying import Retried, retry
from cli.acting import Reason, actor
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json
from cli.running import execute, opened, temporal
from orders.interventions import RetryOrder
from settings import Settings


def retry_order(order_id: OrderId, reason: Reason, as_json: AsJson = False) -> None:
    """Take an order up again whose workflow was terminated, has failed or is stalled; it ends as if nothing had happened.

    Only what is missing is done. A workflow of it that is running is woken, and tries at once what waits for its next attempt.
    """

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            client = await temporal(settings, lazy=True)
            asked = RetryOrder(order_id, reason)
            retried = await retry(
                app.orders, client, settings.task_queue, asked, actor=actor(), command_id=str(uuid.uuid4())
            )
        _tell(order_id, retried, as_json)

    execute(command)


def _tell(order_id: str, retried: Retried, as_json: bool) -> None:
    state, held = retried.handled.state, retried.handled.state.hold is not None
    if as_json:
        show_json({"orderId": order_id, "status": state.status, "onHold": held, "workflows": retried.workflows})
        return
    show(f"is {state.status}, taken up again by {', '.join(retried.workflows)}")
    if held:
        show("it is on hold: it goes on when it is released")
