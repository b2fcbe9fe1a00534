"""`orders retry`: takes up an order whose workflow was lost, from where its stream says it stands."""

from collections.abc import Sequence
from dataclasses import replace

from activities.streams import load_order
from audit.open_orders import owed
from bootstrap import App
from cli.acting import Reason, act
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json
from cli.running import execute, opened, temporal
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS
from orders.commands import RetryOrder
from orders.events import OrderRetried, RefundRequested
from orders.ids import stream_name
from orders.state import Refund, Shipped, State
from settings import Settings
from workflows.model import REFUND_ORDER


def retry_order(order_id: OrderId, reason: Reason, as_json: AsJson = False) -> None:
    """Take an order up again whose workflow was terminated or has failed; the end is as if nothing had happened.

    Only what is missing is done. Where a workflow of it runs, or nothing is left to do, that stays as it is.
    """

    async def command(settings: Settings) -> None:
        async with opened(settings) as app:
            due = _owed((await load_order(app.orders, order_id)).state)
            starter = WorkflowStarter(await temporal(settings), settings.task_queue) if due else None
            state = (await act(app, RetryOrder(order_id, reason))).state
            if starter:
                await _take_up(app, starter, order_id, due)
        _tell(order_id, state, due, as_json)

    execute(command)


def _owed(state: State) -> list[Refund]:
    return owed(state) if isinstance(state, Shipped) else []


async def _take_up(app: App, starter: WorkflowStarter, order_id: str, due: Sequence[Refund]) -> None:
    """Start the refunds that are owed anew; each runs once at a time, and returns its money once however often it runs."""
    [trigger] = [each for each in TRIGGERS if each.workflow == REFUND_ORDER]
    ids = {refund.refund_id for refund in due}
    async for recorded in app.store.stream(stream_name(order_id)):
        event = app.codec.decode(recorded)
        if isinstance(event, RefundRequested) and event.refund_id in ids:
            await starter.start(replace(trigger, again=True), event, recorded)


def _tell(order_id: str, state: State, due: Sequence[Refund], as_json: bool) -> None:
    workflows = [each.workflow for each in TRIGGERS if _is_of(each.event_type, each.status, state)]
    workflows += [REFUND_ORDER for _ in due]
    if as_json:
        held = state.hold is not None
        show_json({"orderId": order_id, "status": state.status, "onHold": held, "workflows": workflows})
        return
    show(f"is {state.status}, taken up again by {', '.join(workflows)}")
    if state.hold:
        show("it is on hold: it goes on when it is released")


def _is_of(event_type: str, status: str, state: State) -> bool:
    return event_type == OrderRetried.event_type and status == state.status
