"""Reasons why an open order waits, and the commands that end each wait."""

import shlex

from cli.output import moment, visible
from orders.state import Confirmed, ExistingOrder, State


def wait_of(state: State) -> str | None:
    """Return why an order waits, worded to follow its id; None for an order that does not."""
    if not isinstance(state, ExistingOrder):
        return None
    order = shlex.quote(state.order.order_id)
    if state.hold is not None:
        return f"is on hold ({visible(state.hold.reason)}) until `orders release {order}` or `orders cancel {order}`"
    if state.awaited is not None:
        return (
            f"waits for another means of payment ({visible(state.awaited.reason)}): `orders pay {order} "
            f"--payment-method TOKEN` charges it, and without one it is cancelled at {moment(state.awaited.waits_until)}"
        )
    if isinstance(state, Confirmed) and state.pending is not None:
        return f"waits until the payment provider has decided, at the latest at {moment(state.pending.until)}"
    return None
