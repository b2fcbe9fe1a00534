"""The operators' page: stock by hand."""

import re

from playwright.async_api import Browser, Route, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, console, office


async def test_stock_is_adjusted_and_set_and_each_change_is_listed(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shown.go("/inventory")
        await shown.button("Adjust TEA-1").click()
        confirm = shown.dialog.get_by_role("button", name="Adjust")
        for typed, refusal in {"5": "with a sign", "+0": "must not be zero", "+5": "Enter a reason"}.items():
            await shown.dialog.get_by_label("Units").fill(typed)
            await confirm.click()
            await shown.sees(shown.dialog.get_by_role("alert"), refusal)
        await shown.dialog.get_by_label("Reason").fill("found behind the shelf")
        await shown.sees(shown.dialog, "5 units of TEA-1 are added. 500 were available")
        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        adjustments = shown.page.get_by_role("region", name="Adjustments")
        await shown.sees(
            adjustments, re.compile(r"adjust.*\+5.*500.*505.*api:local.*found behind the shelf", re.DOTALL)
        )

        await shown.sees(shown.page.get_by_role("table", name="Stock levels"), "505")
        await shown.button("Set TEA-1").click()
        await shown.dialog.get_by_label("Units available").fill("+1")
        await shown.dialog.get_by_label("Reason").fill("counted")
        confirm = shown.dialog.get_by_role("button", name="Set")
        await confirm.click()
        await shown.sees(shown.dialog.get_by_role("alert"), "without a sign")
        await shown.dialog.get_by_label("Units available").fill("400")
        await shown.sees(shown.dialog, "TEA-1 has 505 units available, and will have 400")
        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        await shown.sees(adjustments, re.compile(r"set.*-105.*505.*400.*counted", re.DOTALL))


async def test_a_level_that_was_decided_on_another_quantity_is_refused_and_its_dialog_rebuilt(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shown.go("/inventory")
        await shown.button("Set TEA-1").click()
        await shown.dialog.get_by_label("Units available").fill("490")
        await shown.dialog.get_by_label("Reason").fill("counted")
        changed: list[str] = []

        async def sell_meanwhile(route: Route) -> None:
            if not changed:
                changed.append("sold")
                await shop.post("/v1/inventory/adjustments", {"sku": "TEA-1", "change": -7, "reason": "sold"})
            await route.continue_()

        await shown.page.route("**/v1/inventory/levels", sell_meanwhile)
        await shown.dialog.get_by_role("button", name="Set").click()
        await shown.sees(shown.dialog.get_by_role("alert"), "has changed since the dialog was opened")
        await shown.sees(shown.dialog, "TEA-1 has 493 units available, and will have 490")
        await shown.dialog.get_by_role("button", name="Set").click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        assert [level.available for level in await shop.system.app.stock.list()] == [490]
        shown.expected("status of 409.*/levels")


async def test_returned_units_of_a_refunded_order_go_back_into_stock(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("returned")
        await shop.system.settled("returned", "shipped")
        await shown.go_to_order("returned")
        await expect(shown.button("Refund")).to_be_visible(timeout=WAIT)
        await expect(shown.button("Restock")).to_be_hidden()
        await shop.post("/v1/orders/returned/refunds", {"amount": 1500, "reason": "one cup broken", "refundId": "r1"})
        await shown.sees(shown.page.locator(".order-refunds"), "made")
        await shown.button("Restock").click()
        await shown.sees(shown.dialog, "15.00\u00a0EUR, one cup broken")
        await shown.dialog.get_by_label("Reason").fill("unopened")
        confirm = shown.dialog.get_by_role("button", name="Restock")
        await confirm.click()
        await shown.sees(shown.dialog.get_by_role("alert"), "Enter the units that came back")
        await shown.dialog.get_by_label("Units of TEA-1").fill("3")
        await confirm.click()
        await shown.sees(shown.dialog.get_by_role("alert"), "TEA-1 (at most 2, not 3)")
        await shown.dialog.get_by_label("Units of TEA-1").fill("1")
        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        assert [level.available for level in await shop.system.app.stock.list()] == [499]
        await shown.go("/inventory")
        await shown.sees(
            shown.page.get_by_role("region", name="Adjustments"),
            re.compile(r"restock of returned.*unopened", re.DOTALL),
        )
        shown.expected("status of 409.*/restocks")
