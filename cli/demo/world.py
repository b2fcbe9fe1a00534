"""Throwaway services of the demo, migrated and stocked, with worker, dispatcher and projector in this process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from temporalio.client import Client

from bootstrap import App
from cli.arguments import DATA_FOLDER
from cli.running import opened, temporal
from embedded.services import run_services
from eventstore.migrate import migrate
from inventory.stock import Stock
from inventory.stock_file import read_stock_csv
from settings import Settings, load_settings, temporal_namespace
from worker import Role, serve

T = TypeVar("T")

# The 830 orders need 51,317 units, and 3,119 are in stock: times 30, two of three orders ship and the rest are
# cancelled as out of stock.
STOCK_FACTOR: Final = 30
# Minor units, and units per parcel: about ten orders each, the first within the first 20 and the first 110.
DECLINE_ABOVE: Final = 850_000
UNAVAILABLE_ABOVE: Final = 180
ORDERS_FILE: Final = DATA_FOLDER / "northwind" / "orders.jsonl"
_PRODUCTS_FILE: Final = DATA_FOLDER / "northwind" / "products.csv"


@dataclass(frozen=True, slots=True)
class World:
    """A running system to place orders in. started: the services that were started and end with the demo."""

    app: App
    client: Client
    started: tuple[str, ...]


@asynccontextmanager
async def demo_world() -> AsyncIterator[World]:
    """Start every service; configured addresses are used instead. Raises EmbeddedError and the errors of connections."""
    given = load_settings(None)  # services of its own, even where `orders dev` runs in this folder
    async with run_services(
        None,
        database_url=given.database_url,
        temporal_address=given.temporal_address,
        temporal_namespace=temporal_namespace(),
        prepare=lambda url: migrate(given.with_database(url).owner_database_url),
    ) as services:
        settings = given.with_database(services.database_url).model_copy(
            update={
                "temporal_address": services.temporal_address,
                "temporal_ui_url": services.ui_url or given.temporal_ui_url,
                **_limits(given),
            }
        )
        async with opened(settings) as app:
            await _import_products(app.stock)
            yield World(app, await temporal(settings), services.started)


def _limits(given: Settings) -> dict[str, int]:
    decline, unavailable = given.payment_decline_above, given.shipping_unavailable_above
    return {
        "payment_decline_above": DECLINE_ABOVE if decline is None else decline,
        "shipping_unavailable_above": UNAVAILABLE_ABOVE if unavailable is None else unavailable,
    }


async def _import_products(stock: Stock) -> None:
    rows = await asyncio.to_thread(read_stock_csv, _PRODUCTS_FILE)
    await stock.import_levels([replace(row, units=row.units * STOCK_FACTOR) for row in rows], "orders demo")


async def served(world: World, work: Coroutine[Any, Any, T]) -> T:
    """Run the work while all roles are served in this process, and return its result. Raises the errors of either."""
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(world.app, world.client, tuple(Role), ready=ready))
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({serving, working}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await serving
        return await working
    finally:
        for task in (working, serving):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
