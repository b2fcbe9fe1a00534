"""Take the pictures of docs/images anew: `python -m tests.end_to_end.pictures [FOLDER]`, on services and orders of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from playwright.async_api import Browser, Page, expect

from cli.demo.world import ORDERS_FILE, STOCK_FACTOR
from embedded.ports import free_ports
from embedded.services import run_services
from eventstore.migrate import migrate
from inventory.stock_file import read_stock_csv
from settings import Settings
from temporal import connect_temporal
from tests.end_to_end.browser import run_browser
from tests.end_to_end.page_harness import PHONE, WAIT, Console, Office, console
from tests.plain_http import plain_http
from tests.running_system import running_system, until

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
LONG_DESK: Final = (1280, 1040)
PATIENCE: Final = 300.0  # seconds
ENDED, REFUNDED, FAILING, HELD = 57, "nw-10250", "nw-10307", "nw-10308"
COLUMNS: Final = ("Status", "Workflow ID", "OrderId", "CustomerId", "OrderStatus", "NeedsAttention", "Start")
QUERY: Final = "NeedsAttention = true AND ExecutionStatus = 'Running'"


async def main(folder: Path) -> None:
    async with opened_office() as (shop, ui_url), receiver() as hook, run_browser() as browser:
        await _with_orders(shop, hook)
        await _page_pictures(browser, shop, folder)
        await _temporal_pictures(browser, ui_url, folder)


@asynccontextmanager
async def opened_office() -> AsyncIterator[tuple[Office, str]]:
    """The whole system, with the address of Temporal's Web UI."""
    async with run_services(None, database_url=None, temporal_address=None) as services:
        assert services.ui_url
        url = f"http://127.0.0.1:{free_ports(1)[0]}"
        settings: dict[str, Any] = {
            "temporal_address": services.temporal_address,
            "temporal_ui_url": services.ui_url,
            "page_url": url,
            "runbook_url": "https://runbook.example.com",
            "webhooks_allow_private": True,
        }
        await migrate(services.database_url)
        client = await connect_temporal(Settings(database_url=services.database_url, **settings))
        async with running_system(services.database_url, client, **settings) as system:
            shop = Office(system, url)
            await shop.open()
            try:
                yield shop, services.ui_url
            finally:
                await shop.close()


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """Address of a receiver that accepts every message."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        await reader.read(100_000)
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/orders"


async def _with_orders(shop: Office, hook: str) -> None:
    """Sample orders: most have ended, one is partly refunded, some fail at the label, one is on hold."""
    rows = read_stock_csv(ORDERS_FILE.with_name("products.csv"))
    await shop.system.app.stock.import_levels(
        [replace(row, units=row.units * STOCK_FACTOR) for row in rows], "pictures"
    )
    lines = [json.loads(line) for line in ORDERS_FILE.read_text().splitlines()[: ENDED + 8]]
    for line in lines:
        del line["placedAt"]  # the figures are those of today
    for order in lines[:ENDED]:
        await shop.post("/v1/orders", order)
    await until(lambda: _all_ended(shop), "the first orders have ended", PATIENCE)
    await shop.post("/v1/webhooks/endpoints", {"url": hook, "topics": ["order.*"], "description": "warehouse"})
    await shop.post(f"/v1/orders/{REFUNDED}/refunds", {"amount": 1250, "reason": "two cups broken on the way"})
    await shop.post(f"/v1/orders/{REFUNDED}/notes", {"text": "The customer sent a picture of the parcel."})
    async with plain_http(shop.url) as client:
        (await client.put(f"/v1/orders/{REFUNDED}/tags/fragile")).raise_for_status()
    await shop.system.faults.set("shipping.create", "unavailable")
    for order in lines[ENDED:]:
        await shop.post("/v1/orders", order)
    await shop.post(f"/v1/orders/{HELD}/hold", {"reason": "fraud suspected: three cards tried"})
    await until(lambda: shop.system.is_marked(FAILING), f"{FAILING} needs attention", PATIENCE)


async def _all_ended(shop: Office) -> bool:
    counts = await shop.system.app.queries.counts_by_status()
    return counts.get("shipped", 0) + counts.get("cancelled", 0) == ENDED


async def _page_pictures(browser: Browser, shop: Office, folder: Path) -> None:
    for name, path, dark in (
        ("overview", "/", False),
        ("order", f"/orders/{REFUNDED}", True),
        ("system", "/system", False),
    ):
        async with console(browser, shop.url, size=LONG_DESK, dark=dark) as shown:
            await _picture(shown, path, folder / f"page-{name}.png")
    for name, path in (("overview", "/"), ("order", f"/orders/{FAILING}")):
        async with console(browser, shop.url, size=PHONE) as shown:
            await _picture(shown, path, folder / f"page-phone-{name}.png")
    async with console(browser, shop.url) as shown:
        await shown.go_to_order(REFUNDED)
        await shown.button("Refund").click(timeout=WAIT)
        await shown.page.get_by_label("Amount").fill("12.50")
        await shown.page.get_by_label("Reason").fill("two cups broken on the way")
        await shown.page.screenshot(path=folder / "page-dialog.png")


async def _picture(shown: Console, path: str, file: Path) -> None:
    await shown.go(path)
    await expect(shown.page.locator("main h1")).to_have_count(1, timeout=WAIT)
    await expect(shown.page.locator("main [aria-busy]")).to_have_count(0, timeout=WAIT)
    if FAILING in path or path == "/":
        await expect(shown.page.get_by_text("simulated outage").first).to_be_visible(timeout=WAIT)
    await shown.page.screenshot(path=file)


async def _temporal_pictures(browser: Browser, ui_url: str, folder: Path) -> None:
    page = await browser.new_page(viewport={"width": 1440, "height": 640}, locale="en-GB")
    columns = json.dumps({"default": [{"label": label, "pinned": False} for label in COLUMNS]})
    await page.add_init_script(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(columns)})")
    await page.goto(f"{ui_url}/namespaces/default/workflows?query={quote(QUERY)}")
    failing = page.get_by_role("link", name=f"fulfill-order-{FAILING}").first
    await expect(failing).to_be_visible(timeout=WAIT)
    await _save_when_drawn(page, folder / "temporal-list.png")
    await failing.click()
    await page.set_viewport_size({"width": 1440, "height": 720})
    await page.get_by_text("User Metadata").click()
    details = page.frame_locator("iframe[src*='keeps']")  # each text of a workflow is rendered in a frame
    await expect(details.get_by_text("create-shipment keeps failing")).to_be_visible(timeout=WAIT)
    await _save_when_drawn(page, folder / "temporal-order.png")
    await page.close()


async def _save_when_drawn(page: Page, file: Path) -> None:
    await page.evaluate("document.fonts.ready")
    await page.screenshot(path=file)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES))
