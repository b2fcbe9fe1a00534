"""`orders dev`: every service in this process and its children, with persistent data.

The modules that serve are imported while PostgreSQL and Temporal start: both take a second."""

import asyncio
import os
import shutil
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from cli.arguments import DATA_FOLDER, AsJson
from cli.output import facts, note, show, show_json
from cli.refusals import database_address
from cli.running import executed, opened, temporal
from embedded.folders import private_folder
from embedded.services import Services, run_services
from eventstore.migrate import migrate
from process import MARGIN_WITH_SERVICES
from settings import DEV_FILE, DEV_FOLDER, Settings, load_settings, temporal_namespace

if TYPE_CHECKING:
    from bootstrap import App
    from inventory.stock import Stock

_SERVING: Final = ("bootstrap", "cli.worker", "web.app", "web.server")
_PRODUCTS: Final = DATA_FOLDER / "northwind" / "products.csv"


@executed(serves=True, margin=MARGIN_WITH_SERVICES)
async def dev(_: Settings, as_json: AsJson = False) -> None:
    """Run PostgreSQL, Temporal, worker, HTTP API and page, with data kept in .orders/, until Ctrl-C.

    DATABASE_URL and TEMPORAL_ADDRESS, where set, are used instead. Other commands in this folder find what runs here.
    """
    given = load_settings(None)  # addresses that an earlier run left in the folder are stale
    importing = asyncio.create_task(asyncio.to_thread(_import_serving))
    async with run_services(
        DEV_FOLDER,
        database_url=given.database_url,
        temporal_address=given.temporal_address,
        temporal_namespace=temporal_namespace(),
        prepare=partial(_migrate, given),
    ) as services:
        settings = _settings(given, services)
        await importing
        async with opened(settings) as app:
            if "PostgreSQL" not in services.started:  # the embedded server has this user alone
                from application.rights import warn_of_excess_rights  # noqa: PLC0415

                await warn_of_excess_rights(app.pool)
            await _serve(app, settings, services, as_json)


def _import_serving() -> None:
    for name in _SERVING:
        import_module(name)


async def _migrate(given: Settings, database_url: str) -> None:
    for name in await migrate(given.with_database(database_url).owner_database_url):
        note(f"migrated: {name}")


def _settings(given: Settings, services: Services) -> Settings:
    return given.with_database(services.database_url).model_copy(
        update={
            "temporal_address": services.temporal_address,
            "temporal_ui_url": given.temporal_ui_url or services.ui_url,
        }
    )


async def _serve(app: "App", settings: Settings, services: Services, as_json: bool) -> None:
    from cli.worker import serve_and_announce  # noqa: PLC0415
    from telemetry.process import metrics_served  # noqa: PLC0415
    from web.address import beside_others  # noqa: PLC0415
    from web.app import create_app  # noqa: PLC0415
    from web.server import api_served  # noqa: PLC0415
    from worker import Role, serve  # noqa: PLC0415

    await _import_products(app.stock)
    client = await temporal(settings)

    async with (
        metrics_served(settings, app.sources(client), client),
        api_served(create_app(app, client), beside_others(settings)) as url,
    ):

        async def announce() -> None:
            if as_json:
                show_json(_document(settings, url))
            else:
                show(*_welcome(settings, services, url))

        with announced(DEV_FOLDER, settings, url):
            await serve_and_announce(partial(serve, app.with_page(url), client, tuple(Role)), announce)


async def _import_products(stock: "Stock") -> None:
    """Import products into an empty inventory."""
    from inventory.stock_file import read_stock_csv  # noqa: PLC0415

    if not await stock.list(limit=1):
        count = await stock.import_levels(read_stock_csv(_PRODUCTS), "orders dev")
        note(f"the inventory was empty: imported {count} products of {_PRODUCTS.parent.name}/{_PRODUCTS.name}")


def _document(settings: Settings, url: str) -> dict[str, Any]:
    return {
        "url": url,
        "databaseUrl": settings.database_url,
        "temporalAddress": settings.temporal_address,
        "temporalUiUrl": settings.temporal_ui_url,
    }


def _welcome(settings: Settings, services: Services, url: str) -> list[Any]:
    # The embedded server needs no password; a configured address may contain one.
    ours = "PostgreSQL" in services.started
    orders = DATA_FOLDER / "northwind" / "orders.jsonl"
    return [
        facts(
            [
                ("page and HTTP API", url),
                ("database", settings.database_url if ours else database_address(settings)),
                ("Temporal", settings.temporal_address),
                ("Temporal Web UI", settings.temporal_ui_url),
            ]
        ),
        "\nIn another terminal, in this folder:\n"
        f"  {_program()} place {_shortest(orders)} --wait\n"
        f"  {_program()} list\n"
        f"  {_program()} timeline nw-10248\n"
        "The stock is the sample's own, enough for some of these orders: the rest are cancelled as out of stock.\n"
        "Ctrl-C stops; the data stays in .orders/.",
    ]


def _program() -> str:
    """Return the command as typed here: by its path where the virtual environment is not activated."""
    installed = Path(sysconfig.get_path("scripts")) / "orders"
    return "orders" if shutil.which("orders") or not installed.exists() else _shortest(installed)


def _shortest(path: Path) -> str:
    return min(os.path.relpath(path), str(path), key=len)


@contextmanager
def announced(folder: Path, settings: Settings, url: str) -> Iterator[None]:
    """Write the services' addresses to a file for other commands in this folder, while the block runs."""
    services = {
        "database_url": settings.database_url,
        "temporal_address": settings.temporal_address,
        "temporal_ui_url": settings.temporal_ui_url,
        "url": url,
        "page_url": settings.with_page(url).page_url,
    }
    private_folder(folder)
    file = folder / DEV_FILE
    # Replaced atomically. Readable by this user alone, as an address may contain a password.
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=DEV_FILE)
    with os.fdopen(descriptor, "wb") as written:
        written.write(orjson.dumps(services))
    os.replace(temporary, file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
