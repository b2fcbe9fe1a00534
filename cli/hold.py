"""`orders hold`: stops an order until it is released."""

from cli.acting import Expect, Reason, act
from cli.arguments import AsJson, OrderId
from cli.output import show, show_json, visible
from cli.running import executed, opened
from eventstore.command_handler import Handled
from orders.interventions import HoldOrder
from orders.state import State
from settings import Settings


@executed()
async def hold(
    settings: Settings, order_id: OrderId, reason: Reason, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Hold an order: it takes no further step until it is released, and can still be cancelled.

    Exits 1 where it has shipped or is cancelled. An order on hold already keeps its first reason. A gateway call in
    progress is completed and recorded.
    """
    async with opened(settings) as app:
        handled = await act(app.orders, HoldOrder(order_id, reason), expect)
    if as_json:
        show_json(hold_document(order_id, handled))
    elif handled.changed:
        show(f"order {order_id} is on hold while {handled.state.status}")
    else:
        show(f"order {order_id} was on hold already ({visible(_held_for(handled.state))})")


def _held_for(state: State) -> str | None:
    return state.hold.reason if state.hold else None


def hold_document(order_id: str, handled: Handled[State]) -> dict[str, object]:
    state = handled.state
    return {
        "orderId": order_id,
        "changed": handled.changed,
        "status": state.status,
        "onHold": state.hold is not None,
        "reason": _held_for(state),
    }
