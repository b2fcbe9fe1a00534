"""The operators' page: the live list of orders, and its filters."""

import re
from collections import Counter
from urllib.parse import urlsplit

from playwright.async_api import Browser, Route, expect
from temporalio.client import Client

from tests.end_to_end.page_axe import violations
from tests.end_to_end.page_harness import PHONE, WAIT, console, office
from tests.running_system import order_data, until


async def test_an_order_placed_by_http_is_seen_to_ship_without_a_reload(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shown.go()
        await shown.sees(shown.page.locator(".orders"), "No orders yet")
        await shown.is_live()
        await shown.page.evaluate("window.neverReloaded = true")
        await shop.place("first")
        await shown.sees(shown.row("first"), "shipped")
        await shown.sees(shown.row("first"), "30.00\u00a0EUR")
        tile = shown.page.locator(".tile[data-figure=shipped]")
        await shown.sees(tile, re.compile(r"shipped.*1.*30\.00\s*EUR"))
        await shown.sees(shown.page.locator(".standing"), "1 shipped")
        await shown.sees(shown.page.locator(".revenue"), "30.00\u00a0EUR")
        assert await shown.page.evaluate("window.neverReloaded")


async def test_an_orders_own_page_follows_it_to_its_end(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with (
        office(database_url, temporal_client, temporal_ui_url="http://temporal.test") as shop,
        console(browser, shop.url) as shown,
    ):
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("followed")
        await shown.go_to_order("followed")
        await expect(shown.timeline).to_have_count(3, timeout=WAIT)
        await shown.sees(shown.timeline.nth(2), re.compile(r"Paid.*30\.00 EUR as .*by fulfill-order.*because of #2"))
        await shop.system.faults.clear()
        await expect(shown.timeline).to_have_count(4, timeout=WAIT)
        await shown.sees(shown.page.locator(".order-goods"), "2 units, shipped")
        await shown.sees(shown.page.locator(".order-money"), re.compile(r"Paid\s*30\.00"))
        await shown.sees(shown.page.locator(".order-address"), "Maria Anders")
        await shown.sees(shown.row("notify-shipment-followed"), "completed")
        link = shown.row("fulfill-order-followed").get_by_role("link")
        href = await link.get_attribute("href") or ""
        assert href.startswith("http://temporal.test/")
        assert "fulfill-order-followed" in href
        time = shown.timeline.nth(0).locator("time")
        assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC$", await time.get_attribute("title") or "")


async def test_an_order_that_does_not_change_is_seldom_looked_for_among_those_that_need_attention(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("steady")
        await shop.system.step_is_failing("steady", "create-shipment")
        requests = Counter[str]()
        shown.page.on("request", lambda request: requests.update([urlsplit(request.url).path.rpartition("/")[2]]))
        await shown.page.clock.install()
        await shown.go_to_order("steady")

        async def at_least(name: str, number: int) -> None:
            async def made() -> bool:
                return requests[name] >= number

            await until(made, lambda: f"{number} requests for {name}, so far {requests}")

        await at_least("attention", 1)
        for number in range(2, 6):
            await shown.page.clock.fast_forward(3_000)
            await at_least("timeline", number)
        seen = requests["attention"]
        assert seen <= 2, requests  # at first, and where its workflow was marked meanwhile
        await shown.page.clock.fast_forward(15_000)
        await at_least("attention", seen + 1)


async def test_a_workflow_that_starts_late_is_seen_all_the_same(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("late")
        await shop.system.settled("late", "shipped")
        too_early, requests = True, 0

        async def requested_twice() -> bool:  # at first, and when the stream has opened
            return requests >= 2

        async def as_a_moment_ago(route: Route) -> None:
            nonlocal requests
            answer = await route.fetch()
            timeline = await answer.json()
            if too_early:
                timeline["workflows"][2] |= {"status": "not started", "started": None, "ended": None}
            await route.fulfill(response=answer, json=timeline)
            requests += 1

        await shown.page.route("**/timeline", as_a_moment_ago)
        await shown.go_to_order("late")
        await shown.sees(shown.row("notify-shipment-late"), "not started")
        await until(requested_twice, "the timeline was requested twice")
        too_early = False
        await shown.sees(shown.row("notify-shipment-late"), "completed")
        await shown.page.unroute_all(behavior="wait")


async def test_orders_are_filtered_searched_and_paged(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        for number in range(52):
            await shop.system.place(f"many-{number:02}", sku="NONE-1")
        await shop.system.place("other", customerId="ERNSH", placedAt="2025-06-01T12:00:00Z")
        counts = shop.system.app.queries.counts_by_status

        async def all_ended() -> bool:
            return await counts() == {"shipped": 1, "cancelled": 52}

        await until(all_ended, "all have ended")
        await shown.go()
        rows = shown.page.locator(".orders tbody tr")
        await expect(rows).to_have_count(50, timeout=WAIT)
        await shown.button("Older orders").click()
        await expect(rows).to_have_count(53)
        await expect(shown.button("Older orders")).to_be_hidden()

        await shown.page.get_by_label("shipped", exact=True).check()
        await expect(rows).to_have_count(1)
        assert "status=shipped" in shown.page.url
        await shown.page.reload()
        await expect(rows).to_have_count(1, timeout=WAIT)
        await shown.button("Clear").click()
        await expect(rows).to_have_count(50)
        await shown.sees(shown.page.locator(".orders"), "In the order of entry, the last first.")
        await shown.page.get_by_label("Customer", exact=True).fill("ERNSH")
        await shown.page.keyboard.press("Enter")
        await expect(rows).to_have_count(1)
        await shown.button("Clear").click()
        await shown.page.get_by_label("to", exact=True).fill("2025-12-31T23:00")
        await expect(rows).to_have_count(1)
        await shown.sees(rows, "other")
        await shown.sees(shown.page.locator(".orders"), "By the time of placing, the latest first.")
        # Berlin is two hours ahead of UTC in June.
        await shown.page.get_by_label("Placed from").fill("2025-06-01T13:59")
        await shown.sees(rows, "other")
        await expect(shown.page.locator(".orders [aria-busy]")).to_have_count(0)
        assert "from=2025-06-01T13" in shown.page.url
        await shown.page.reload()
        await shown.sees(rows, "other")
        await shown.page.get_by_label("Placed from").fill("2025-06-01T14:01")
        await shown.sees(shown.page.locator(".orders"), "No matching orders")

        search = shown.page.locator("#search-text")
        await search.fill("ERNSH")
        await search.press("Enter")
        await shown.sees(shown.page.get_by_role("heading", level=1), "Customer ERNSH")
        await shown.sees(shown.row("other"), "shipped")
        await search.fill("many-07")
        await search.press("Enter")
        await shown.sees(shown.page.get_by_role("heading", level=1), "Order many-07")
        await shown.page.go_back()
        await shown.sees(shown.page.get_by_role("heading", level=1), "Customer ERNSH")


async def test_orders_are_found_by_any_part_and_the_address_keeps_the_whole_filter(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=PHONE) as shown:
        address = order_data("any")["shippingAddress"]
        await shop.place("zoe-1", shippingAddress={**address, "name": "Zoë Müller", "country": "DK"})
        await shop.place("maria-2")
        await shop.place("maria-3", sku="NONE-1")
        for order_id, status in (("zoe-1", "shipped"), ("maria-2", "shipped"), ("maria-3", "cancelled")):
            await shop.system.settled(order_id, status)
        page, cards = shown.page, shown.page.locator(".orders tbody tr")
        await shown.go()
        await expect(cards).to_have_count(3, timeout=WAIT)
        await shown.sees(cards.filter(has_text="zoe-1"), "Zoë Müller")

        await page.get_by_label("Search", exact=True).fill("MULLER")
        await page.keyboard.press("Enter")
        await expect(cards).to_have_count(1, timeout=WAIT)
        await shown.button("Clear").click()
        await page.get_by_label("shipped", exact=True).check()
        await page.get_by_label("cancelled", exact=True).check()
        await page.get_by_text("More filters").click()
        await page.get_by_label("Total from").fill("29,99")
        await page.keyboard.press("Enter")
        await shown.sees(page.get_by_role("alert"), "currency")
        await page.get_by_label("Currency").fill("eur")
        await page.get_by_label("Total from").fill("29.99")
        await page.get_by_label("Country").fill("germany")
        await page.keyboard.press("Enter")
        await expect(cards).to_have_count(2, timeout=WAIT)
        await expect(page.get_by_role("alert")).to_be_hidden()
        for part in ("status=shipped&status=cancelled", "country=germany", "currency=eur", "min=29.99"):
            assert part in page.url
        assert await shown.overflow() <= 0
        await page.reload()
        await expect(cards).to_have_count(2, timeout=WAIT)
        await expect(page.get_by_label("Total from")).to_have_value("29.99")
        await expect(page.get_by_label("cancelled", exact=True)).to_be_checked()
        assert await violations(page) == []

        await page.get_by_role("link", name="Open", exact=True).click()
        await shown.sees(page.locator(".orders"), "No matching orders")
        await expect(page.get_by_label("confirmed", exact=True)).to_be_checked()
        search = page.locator("#search-text")
        await search.fill("maria anders")
        await search.press("Enter")
        await expect(cards).to_have_count(2, timeout=WAIT)
        await expect(page.get_by_label("Search", exact=True)).to_have_value("maria anders")
        await search.fill("zoë")
        await search.press("Enter")
        await shown.sees(page.get_by_role("heading", level=1), "Order zoe-1")


async def test_a_wrong_filter_of_the_address_is_named_and_widens_nothing(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("any")
        for query, problem in (
            ("status=lost", "status must be"),
            ("foo=1", "foo is not a known parameter"),
            ("min=5", "minTotal needs a currency"),
            ("metadata=abc", "metadata must be KEY:VALUE"),
        ):
            await shown.go(f"/?{query}")
            await shown.sees(shown.page.locator(".orders"), problem)
            await expect(shown.row("any")).to_have_count(0)
        shown.expected("status of 422", at_least=4)


async def test_an_order_that_is_not_there_is_said_so(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shown.go_to_order("nowhere")
        await shown.sees(shown.page.locator("main"), "No such order")
        await shown.go("/no/such/view")
        await shown.sees(shown.page.locator("main"), "There is no such page")
        shown.expected("404.*/v1/orders/nowhere")


async def test_the_filters_result_is_exported_as_a_file(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("one", customerId="ada")
        await shop.place("two", customerId="bob")
        await shown.go()
        await shown.sees(shown.row("two"), "shipped")
        await shown.page.get_by_label("Customer", exact=True).fill("ada")
        await shown.page.keyboard.press("Enter")
        await expect(shown.row("two")).to_have_count(0, timeout=WAIT)
        async with shown.page.expect_download(timeout=WAIT) as saved:
            await shown.page.get_by_role("button", name="Export CSV").click()
        file = await saved.value
        assert file.suggested_filename == "orders.csv"
        header, *lines = (await file.path()).read_text().splitlines()
        assert header.startswith("orderId,customerId,customerName,country,status")
        assert [line.split(",")[:2] for line in lines] == [["one", "ada"]]
