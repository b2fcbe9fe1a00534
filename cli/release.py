"""`orders release`: lets a held order go on."""

from cli.acting import Expect, act
from cli.arguments import AsJson, OrderId
from cli.hold import hold_document
from cli.output import show, show_json
from cli.running import executed, opened
from orders.interventions import ReleaseOrder
from settings import Settings


@executed()
async def release(settings: Settings, order_id: OrderId, expect: Expect = None, as_json: AsJson = False) -> None:
    """Release a held order: it goes on from its current state. An order that is not on hold is unchanged.

    Exits 1 where it has shipped or is cancelled.
    """
    async with opened(settings) as app:
        handled = await act(app.orders, ReleaseOrder(order_id), expect)
    if as_json:
        show_json(hold_document(order_id, handled))
    else:
        done = f"is released, goes on from {handled.state.status}" if handled.changed else "was not on hold"
        show(f"order {order_id} {done}")
