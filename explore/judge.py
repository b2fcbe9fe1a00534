"""The judge: compares an order with the providers' own books, never with our ledgers."""

from explore.calm import runs
from explore.system import Explored
from explore.temporal_acts import workflow_ids
from orders.adjustments import returned_by
from orders.ids import stream_name
from orders.model import units
from orders.state import Cancelled, NotPlaced, Shipped


async def problem_of(system: Explored, order_id: str, sku: str) -> str | None:
    """The problem of an order at its end, without ids so that equal problems have equal texts; None if it is correct."""
    state = (await system.app.orders.load(stream_name(order_id))).state
    if isinstance(state, NotPlaced):
        return "was never placed"
    level = await system.app.stock.get(sku)
    reserved = level.reserved if level else 0
    kept, live = system.stripe.kept(order_id), system.easypost.live(order_id)
    match state:
        case Shipped():
            problem = _of_shipped(system, state, kept, live, reserved)
        case Cancelled():
            problem = _of_cancelled(state, kept, live, reserved)
        case _:
            problem = f"is {state.status}{' and on hold' if state.hold else ''}"
    return problem or await _still_running(system, order_id)


def _of_shipped(system: Explored, state: Shipped, kept: int, live: int, reserved: int) -> str | None:
    order_id = state.order.order_id
    if live != 1:
        return f"shipped with {live} live labels"
    if reserved != units(state.order):
        return "shipped and its goods are still in stock"
    if system.stripe.held(order_id):
        return "shipped and its money is only authorised"
    if state.owed:
        return "shipped and owes a requested refund"
    due = kept_by(state)
    return f"shipped, Stripe has {kept} of its money, and by the stream {due}" if kept != due else None


def _of_cancelled(state: Cancelled, kept: int, live: int, reserved: int) -> str | None:
    wrong = [
        f"{kept} of its money kept" if kept != kept_by(state) else "",
        f"{live} live labels" if live else "",
        "its goods not in stock" if reserved else "",
    ]
    return f"cancelled with {', '.join(filter(None, wrong))}" if any(wrong) else None


def kept_by(state: Shipped | Cancelled) -> int:
    """Money that an order keeps at Stripe by its stream; a cancelled one only what a person has returned in another way."""
    if isinstance(state, Shipped):
        return state.payment.amount - sum(refund.amount for refund in state.returned) - returned_by(state.adjustments)
    if not state.is_settled:
        return 0
    if state.payment is None:  # its charge was not recorded
        return sum(each.amount for each in state.closed)
    return max(0, state.payment.amount - returned_by(state.adjustments))


async def _still_running(system: Explored, order_id: str) -> str | None:
    types = await workflow_ids(system, order_id)
    left = [types[run.workflow_id] for run in await runs(system, order_id) if run.running]
    return f"done, and its {left[0]} run does not end" if left else None
