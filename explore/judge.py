"""The judge: compares an order with the providers' own books, never with our ledgers."""

from explore.calm import runs
from explore.system import Explored
from explore.temporal_acts import workflow_ids
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
            problem = _of_cancelled(kept, live, reserved)
        case _:
            problem = f"is {state.status}{' and on hold' if state.hold else ''}"
    return problem or await _still_running(system, order_id)


def _of_shipped(system: Explored, state: Shipped, kept: int, live: int, reserved: int) -> str | None:
    order_id, total = state.order.order_id, state.order.total
    if live != 1:
        return f"shipped with {live} live labels"
    if reserved != units(state.order):
        return "shipped and its goods are still in stock"
    if system.stripe.held(order_id):
        return "shipped and its money is only authorised"
    if state.owed:
        return "shipped and owes a requested refund"
    requested, by_hand = sum(refund.amount for refund in state.refunds), system.stripe.by_hand(order_id)
    # A refund by hand may replace a requested one.
    if not max(0, total - requested - by_hand) <= kept <= total - min(total, max(requested, by_hand)):
        return f"shipped for {total}, refunds requested {requested}, by hand {by_hand}, and the provider has {kept}"
    return None


def _of_cancelled(kept: int, live: int, reserved: int) -> str | None:
    wrong = [
        f"{kept} of its money kept" if kept else "",
        f"{live} live labels" if live else "",
        "its goods not in stock" if reserved else "",
    ]
    return f"cancelled with {', '.join(filter(None, wrong))}" if any(wrong) else None


async def _still_running(system: Explored, order_id: str) -> str | None:
    types = await workflow_ids(system, order_id)
    left = [types[run.workflow_id] for run in await runs(system, order_id) if run.running]
    return f"done, and its {left[0]} run does not end" if left else None
