"""The operators' page: customers, stock, and the readers of the log."""

import asyncio
import re

from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, console, office

MARKUP = "<b>the shop</b>"


async def test_a_projection_is_rebuilt_while_one_looks_on(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("rebuilt")
        await shop.system.settled("rebuilt", "shipped")
        await shown.go("/system")
        for name in ("dispatcher", "order-dashboard", "customer-orders"):
            await shown.sees(shown.row(name), "up to date")
        await shown.button("Rebuild order-dashboard").click()
        await shown.sees(shown.dialog, "is built anew from the whole log")
        await shown.dialog.get_by_role("button", name="Rebuild").click()
        await shown.sees(shown.row("order-dashboard"), "rebuilt")
        await shown.page.get_by_role("link", name="Overview").click()
        await shown.sees(shown.row("rebuilt"), "shipped")


async def test_a_rebuild_that_runs_has_a_progress_bar(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        rebuild = '"rebuild":{"position":30,"head":120,"state":"running","error":null}'
        await shown.page.route(
            "**/v1/projections",
            lambda route: route.fulfill(
                content_type="application/json",
                body='{"head":120,"readers":[{"name":"order-dashboard","position":120,"events":0,"seconds":0,"parked":2,'
                + rebuild
                + "}]}",
            ),
        )
        await shown.go("/system")
        bar = shown.page.get_by_role("progressbar", name="Rebuild of order-dashboard")
        await expect(bar).to_have_attribute("value", "0.25", timeout=WAIT)
        await shown.sees(shown.row("order-dashboard"), "25 %")


async def test_a_parked_event_is_counted_and_needs_attention(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("parked")
        await shop.system.settled("parked", "shipped")
        await shop.system.app.pool.execute(
            "insert into eventstore.parked (consumer, position, reason) "
            "select 'customer-orders', min(position), 'cannot be read' from eventstore.events"
        )
        await shown.go("/system")
        await shown.sees(shown.row("customer-orders").locator(".badge[data-tone=bad]"), "1")
        await shown.go()
        attention = shown.page.get_by_role("region", name="Needs attention")
        await shown.sees(attention.get_by_role("row").filter(has_text="parked"), "cannot be read")


async def test_of_many_events_that_need_attention_the_first_five_are_listed_until_more_are_wanted(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        for number in range(2):
            await shop.place(f"parked-{number}")
            await shop.system.settled(f"parked-{number}", "shipped")
        await shop.system.app.pool.execute(
            "insert into eventstore.parked (consumer, position, reason) "
            "select 'customer-orders', position, 'cannot be read' from eventstore.events order by position limit 8"
        )
        await shown.go()
        attention = shown.page.get_by_role("region", name="Needs attention")
        await shown.sees(attention.locator(".number-badge"), "8")
        await expect(attention.locator("tbody tr")).to_have_count(5)
        await attention.get_by_role("button", name="More").click()
        await expect(attention.locator("tbody tr")).to_have_count(8)


async def test_holds_are_one_line_behind_what_does_more_harm_until_they_are_asked_for(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        for number in range(3):
            await shop.place(f"held-{number}")
            await shop.post(f"/v1/orders/held-{number}/hold", {"reason": "fraud suspected"})
        await shop.system.app.pool.execute(
            "insert into eventstore.parked (consumer, position, reason) "
            "select 'customer-orders', min(position), 'cannot be read' from eventstore.events"
        )
        await shown.go()
        attention = shown.page.get_by_role("region", name="Needs attention")
        holds = attention.get_by_role("row").filter(has_text="fraud suspected")
        await shown.sees(attention.locator(".folded"), re.compile(r"3 orders\s+on hold\s+Show"))
        await shown.sees(attention.get_by_role("row").filter(has_text="parked"), "cannot be read")
        await expect(holds).to_have_count(0)
        await attention.get_by_role("button", name="Show").click()
        await expect(holds).to_have_count(3, timeout=WAIT)
        await expect(attention.get_by_role("row").filter(has_text="parked")).to_have_count(0)
        await attention.get_by_label("Kind").select_option("parked")
        await expect(attention.get_by_role("row").filter(has_text="parked")).to_have_count(1, timeout=WAIT)
        await expect(holds).to_have_count(0)
        await attention.get_by_role("button", name="Show").click()
        await attention.get_by_role("button", name="Hide").click()
        await expect(attention.get_by_role("row").filter(has_text="parked")).to_have_count(1, timeout=WAIT)


async def test_customers_and_stock_are_listed(database_url: str, temporal_client: Client, browser: Browser) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("bought")
        await shop.system.settled("bought", "shipped")
        await shop.system.stock(GONE_1=0)
        await shown.go("/customers")
        await shown.sees(shown.row("ALFKI"), re.compile(r"EUR.*1.*30\.00\s*EUR"))
        await shown.page.get_by_role("link", name="ALFKI").click()
        await shown.sees(shown.row("bought"), "shipped")
        spend = shown.page.get_by_role("region", name="Orders and spend").get_by_role("row").nth(1)
        await shown.sees(spend, re.compile(r"EUR\s*1\s*1\s*0\s*30\.00"))
        await shown.page.get_by_role("link", name="Inventory").click()
        await shown.sees(shown.row("TEA-1").filter(has_text="in stock"), re.compile("498.*in stock"))
        await shown.sees(shown.row("GONE-1").filter(has_text="out of stock"), "out of stock")


async def test_a_parked_delivery_is_sent_again_from_the_page(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    answers = ["410 Gone", "204 No Content"]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2**16)
        writer.write(f"HTTP/1.1 {answers.pop(0)}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with (
        office(database_url, temporal_client, webhooks_allow_private=True) as shop,
        await asyncio.start_server(answer, "127.0.0.1", 0) as receiver,
        console(browser, shop.url) as shown,
    ):
        url = f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/hook"
        wanted = {"url": url, "topics": ["order.placed"], "description": MARKUP}
        added = await shop.post("/v1/webhooks/endpoints", wanted)
        await shop.place("told")
        await shown.go("/system")
        endpoint = shown.page.get_by_role("region", name="Webhook endpoints").get_by_role("row").filter(has_text=MARKUP)
        delivery = (
            shown.page.get_by_role("region", name="Webhook deliveries").get_by_role("row").filter(has_text="told")
        )
        await shown.sees(delivery, re.compile("parked.*410"))
        await shown.sees(endpoint, "disabled")
        await shop.system.app.endpoints.enable(added["id"])
        await delivery.get_by_role("button", name="Retry").click()
        await shown.dialog.get_by_role("button", name="Retry").click()
        await shown.sees(delivery, "delivered")
        await expect(delivery.get_by_role("button", name="Retry")).to_have_count(0)
