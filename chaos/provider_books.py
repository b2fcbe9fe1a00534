"""The orders' streams, compared with the books of the providers' stand-ins."""

import asyncio
from typing import Final

import asyncpg

from chaos.providers import Providers
from explore.judge import kept_by
from order_streams import Orders, load_order
from order_streams.folded import order_ids
from orders.state import Cancelled, Shipped

LIMIT: Final = 120.0  # seconds, for what is still undone of cancelled orders
_EVERY: Final = 2.0  # seconds


async def differences(pool: asyncpg.Pool, orders: Orders, providers: Providers, limit: float = LIMIT) -> list[str]:
    """Differences between streams and books, once none is left or the time is over."""
    end = asyncio.get_running_loop().time() + limit
    while True:
        ids = [order_id async for page in order_ids(pool) for order_id in page]
        found = [line for order_id in ids for line in await _of_order(orders, providers, order_id)]
        if not found or asyncio.get_running_loop().time() > end:
            return found
        await asyncio.sleep(_EVERY)


async def _of_order(orders: Orders, providers: Providers, order_id: str) -> list[str]:
    state = (await load_order(orders, order_id)).state
    with providers.lock:
        kept, live = providers.stripe.kept(order_id), providers.easypost.live(order_id)
        wrong = list(providers.storm.violations[order_id])
    if not isinstance(state, Shipped | Cancelled):  # it is reported as open
        return wrong
    due = kept_by(state)
    if due != kept:
        wrong.append(f"Stripe has {kept} of its money, and by its stream {due}")
    if live != isinstance(state, Shipped):
        wrong.append(f"the carrier has {live} live labels")
    return [f"{order_id} is {state.status}: {each}" for each in wrong]
