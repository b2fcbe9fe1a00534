"""The operators' page: figures count occurrences, by the days of the person's zone, and every currency is reachable."""

import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import Browser, expect
from temporalio.client import Client

from projections.daily_figures import DAILY_FIGURES
from tests.end_to_end.page_harness import DESK, PHONE, WAIT, Office, console, office
from tests.running_system import until

CURRENCIES = {"JPY": 900_000, "EUR": 120_00, "USD": 40_000_00, "KWD": 7_000_000, "CHF": 1_00, "SEK": 55_00}

# Labels of days that overlap the next one.
OVERLAPS = """[...document.querySelectorAll('.chart svg')].reduce((total, svg) => {
    const boxes = [...svg.querySelectorAll('text[text-anchor=middle]')].map((text) => text.getBoundingClientRect());
    return total + boxes.filter((box, index) => index > 0 && boxes[index - 1].right > box.left).length;
}, 0)"""


async def _is_forty_days_old(shop: Office) -> None:
    """Move all figures so far forty days back, as if nothing had happened since. The read model is under test, not the log."""
    await shop.system.app.pool.execute(
        f"update projections.{DAILY_FIGURES.table} set quarter = quarter - interval '40 days'"
    )


async def test_a_cent_refunded_of_an_old_order_is_no_shipment_of_today(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("old", placedAt=(datetime.now(UTC) - timedelta(days=40)).isoformat())
        await shop.system.settled("old", "shipped")
        await shop.system.app.queries.wait_until(DAILY_FIGURES.name, 4, 20)
        await _is_forty_days_old(shop)
        await shown.go()
        tile = {name: shown.page.locator(f".tile[data-figure={name}]") for name in ("placed", "shipped", "refunded")}
        await shown.sees(tile["shipped"], re.compile(r"^shipped0$"))
        await shop.post("/v1/orders/old/refunds", {"amount": 1, "reason": "a cent too much"})
        await shown.sees(tile["refunded"], re.compile(r"^refunded1\s*0\.01\s*EUR$"))
        await expect(tile["shipped"]).to_have_text("shipped0")
        await expect(tile["placed"]).to_have_text("placed0")
        await shown.sees(shown.page.locator(".standing"), "1 shipped")
        await shown.sees(shown.page.get_by_role("heading", name="Today"), "Europe/Berlin")


async def test_every_currency_is_reachable_on_a_phone_the_largest_first(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=PHONE) as shown:
        for currency, total in CURRENCIES.items():
            await shop.place(f"in-{currency}", quantity=1, unit_price=total, currency=currency)

        async def all_shipped() -> bool:
            return await shop.system.app.queries.counts_by_status() == {"shipped": len(CURRENCIES)}

        await until(all_shipped, "all orders are shipped")
        await shown.go()
        largest_first = ["JPY", "USD", "KWD", "EUR", "SEK", "CHF"]
        for name, most in (("[data-figure=shipped]", 1), (".revenue", 3)):
            amounts = shown.page.locator(f"{name} .amounts")
            codes = [re.compile(f"{currency}$") for currency in largest_first]
            await expect(amounts.locator(":scope > span")).to_have_text(codes[:most], timeout=WAIT)
            await expect(amounts.get_by_text("SEK")).to_be_hidden()
            await amounts.get_by_text(f"{6 - most} more currencies").click()
            await expect(amounts.locator("details > span")).to_have_text(codes[most:])
            await expect(amounts.get_by_text("120.00\u00a0EUR")).to_be_visible()
        await shop.place("another", quantity=1, unit_price=10_00)
        await shown.sees(shown.page.locator(".revenue"), "130.00\u00a0EUR")
        await expect(shown.page.locator(".revenue").get_by_text("SEK")).to_be_visible()
        assert await shown.overflow() <= 0


async def test_charts_have_a_table_behind_them_and_the_colours_of_the_page(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop:
        yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        for number, currency in enumerate(("EUR", "USD", "EUR")):
            await shop.place(f"o-{number}", currency=currency, placedAt=yesterday)
            await shop.system.settled(f"o-{number}", "shipped")
        await shop.place("gone", quantity=9000)
        await shop.system.settled("gone", "cancelled")
        fills = []
        for size, dark in ((DESK, False), (PHONE, True)):
            async with console(browser, shop.url, size=size, dark=dark) as shown:
                await shown.go("/figures?days=7")
                await shown.sees(shown.page.locator("main"), "days in Europe/Berlin")
                orders, money, times = (
                    shown.page.get_by_role("region", name=name)
                    for name in ("Orders by day", "Money by day", "Time from placed to shipped")
                )
                bars = orders.locator("svg rect:not(.hit)")
                await expect(bars).to_have_count(7 * 3, timeout=WAIT)
                assert [await bars.nth(n).get_attribute("height") for n in range(15)] == ["0"] * 15
                fills.append(await bars.first.evaluate("(bar) => getComputedStyle(bar).fill"))
                await expect(orders.get_by_role("table")).to_be_hidden()
                await orders.get_by_text("Orders by day as a table").click()
                cells = orders.get_by_role("table").get_by_role("cell")
                await expect(cells).to_have_text([*["0"] * 15, "3", "0", "0", "1", "3", "1"])
                assert await shown.page.get_by_label("Currency").locator("option").all_inner_texts() == ["EUR", "USD"]
                await shown.page.get_by_label("Currency").select_option("USD")
                await money.get_by_text("Money by day in USD as a table").click()
                await expect(money.get_by_role("cell").nth(12)).to_have_text("30.00\u00a0USD")
                assert "currency=USD" in shown.page.url
                await times.get_by_text("as a table").click()
                await expect(times.get_by_role("cell").nth(5 * 3)).to_have_text(re.compile("^1 d"))
                await expect(times.get_by_role("cell").nth(6 * 3)).to_have_text("–")
                await shown.page.get_by_label("Period").select_option("14")
                await expect(bars).to_have_count(14 * 3)
                assert await shown.page.evaluate(OVERLAPS) == 0
                assert await shown.overflow() <= 0
        assert fills[0] != fills[1]
