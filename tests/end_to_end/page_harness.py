"""The operators' page in a browser, over a whole running system."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Request, expect
from temporalio.client import Client

from tests.plain_http import plain_http
from tests.running_system import RunningSystem, order_data, running_system
from web.address import Address
from web.app import create_app
from web.server import serve_api

WAIT: Final = 15_000  # milliseconds for the system's work behind the page
DESK: Final = (1280, 800)
PHONE: Final = (390, 844)


@dataclass
class Office:
    """A running system with API and page, which can be stopped and served again at the same address."""

    system: RunningSystem
    url: str = ""
    _serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        served: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        address = Address("127.0.0.1", urlsplit(self.url).port or 0 if self.url else 0)
        serving = serve_api(create_app(self.system.app, self.system.client), address, ready=served.set_result)
        self._serving = asyncio.create_task(serving)
        both: list[asyncio.Future[Any]] = [self._serving, served]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not served.done():
            await self._serving
        self.url = served.result()

    async def close(self) -> None:
        if self._serving:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
            self._serving = None

    async def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Send a POST as another program. Raises httpx.HTTPStatusError."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with plain_http(self.url, headers=headers) as client:
            answer = (await client.post(path, json=body)).raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    async def place(self, order_id: str, *, key: str | None = None, **changes: Any) -> str:
        """Place an order by HTTP, TEA-1 for 30.00 EUR unless changed."""
        await self.post("/v1/orders", order_data(order_id, **changes), key=key)
        return order_id


@asynccontextmanager
async def office(database_url: str, temporal_client: Client, **settings: Any) -> AsyncIterator[Office]:
    """The whole system, 500 of TEA-1 in stock."""
    async with running_system(database_url, temporal_client, **settings) as system:
        opened = Office(system)
        await opened.system.stock(TEA_1=500)
        await opened.open()
        try:
            yield opened
        finally:
            await opened.close()


@dataclass
class Console:
    """The page in a browser. complaints: errors that a healthy page never causes."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    async def go(self, path: str = "/") -> None:
        """Load the page afresh at one of its own addresses."""
        await self.page.goto("about:blank")
        await self.page.goto(f"{self.url}/#{path}")

    async def go_to_order(self, order_id: str) -> None:
        await self.go(f"/orders/{quote(order_id, safe='')}")
        await self.sees(self.page.get_by_role("heading", level=1), f"Order {order_id}")

    async def sees(self, where: Locator, text: str | re.Pattern[str]) -> None:
        """Wait until the page shows the text."""
        await expect(where).to_contain_text(text, timeout=WAIT)

    def row(self, text: str) -> Locator:
        """The row, or the card, of a table that contains this text."""
        return self.page.get_by_role("row").filter(has_text=text)

    @property
    def timeline(self) -> Locator:
        return self.page.locator("ol.timeline > li")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def is_live(self) -> None:
        await expect(self.page.locator("#live")).to_have_text("live", timeout=WAIT)

    async def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def _listen(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_failure)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "about:", "data:")):
            self.complaints.append(f"leaves the origin: {request.url}")

    def _on_failure(self, request: Request) -> None:
        # A closed view ends its own requests.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.method} {request.url} {request.failure}")

    def expected(self, pattern: str, *, at_least: int = 1) -> None:
        """Remove complaints that the test has caused; fails if there were fewer. An error of the page is never expected."""
        found = [each for each in self.complaints if re.search(pattern, each) and not each.startswith("error: ")]
        assert len(found) >= at_least, f"no complaint like {pattern!r} in {self.complaints}"
        self.complaints = [complaint for complaint in self.complaints if complaint not in found]


@asynccontextmanager
async def console(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESK,
    dark: bool = False,
    still: bool = True,
) -> AsyncIterator[Console]:
    """A new browser profile with one page; fails at the end if the page has complained: of any uncaught error, rejected promise
    or console error. If the test itself fails, its error lists the complaints."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    shown = Console(await context.new_page(), url)
    shown._listen()
    try:
        yield shown
        await shown.page.evaluate("new Promise(requestAnimationFrame)")  # by then the last errors have arrived
    except BaseException as error:
        if shown.complaints:
            error.add_note(f"the page has complained: {shown.complaints}")
        raise
    finally:
        await context.close()
    assert not shown.complaints, shown.complaints
