"""The operators' page: many orders selected and acted on at once, with progress, refusals and a stop."""

import re

from playwright.async_api import Browser, expect
from temporalio.client import Client

from application.bulk_action import AT_ONCE
from order_streams import load_order
from tests.end_to_end.page_axe import violations
from tests.end_to_end.page_harness import PHONE, WAIT, Office, console, office
from tests.integration.bulk_harness import Gate
from tests.running_system import until


async def _at_rest(shop: Office, count: int) -> list[str]:
    """Orders that wait for a label, on hold."""
    ids = [await shop.place(f"o-{number:02}") for number in range(count)]
    for id_ in ids:
        await shop.post(f"/v1/orders/{id_}/hold", {"reason": "counting"})
    return ids


async def test_selected_orders_are_acted_on_and_refused_ones_are_listed_with_links(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=PHONE) as shown:
        await shop.place("shipped")
        await shop.system.settled("shipped", "shipped")
        await shop.system.faults.set("shipping.create", "unavailable")
        await _at_rest(shop, 5)
        await shown.go()
        boxes = shown.page.locator("input.pick")
        await expect(boxes).to_have_count(6, timeout=WAIT)
        bar = shown.page.locator(".selection")
        await shown.page.get_by_role("checkbox", name="Select order o-03").press("Space")
        await shown.sees(bar, "1 selected")
        await shown.page.get_by_role("checkbox", name="Select order o-01").click(modifiers=["Shift"])
        await shown.sees(bar, "3 selected")
        await shown.page.get_by_label("Select all shown").check()
        await shown.sees(bar, "6 selected")
        assert await violations(shown.page) == []
        assert await shown.overflow() <= 0
        await bar.get_by_role("button", name="Release").click()
        await shown.sees(shown.dialog, "6 orders go on from their status")
        await shown.dialog.get_by_role("button", name="Release 6 orders").click()
        await shown.sees(shown.dialog, re.compile("6 of 6 orders: 5 done, 1 refused"))
        await shown.sees(shown.dialog, "order shipped cannot be released: it is shipped")
        link = shown.dialog.get_by_role("link", name="shipped")
        assert await link.get_attribute("href") == "#/orders/shipped"
        assert await violations(shown.page) == []
        await shown.dialog.get_by_role("button", name="Close").click()
        await shown.sees(bar, "1 selected")  # the refused one
        await bar.get_by_role("button", name="Clear").click()
        await expect(boxes.first).not_to_be_checked()
        await shown.sees(shown.row("o-00"), "paid")
        await expect(shown.row("o-00")).not_to_contain_text("on hold", timeout=WAIT)


async def test_all_that_a_filter_finds_are_acted_on_until_the_stop(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    gate = Gate()
    async with (
        office(database_url, temporal_client, adapt=gate.adapt) as shop,
        console(browser, shop.url) as shown,
    ):
        await shop.system.faults.set("shipping.create", "unavailable")
        ids = await _at_rest(shop, 60)
        await shown.go("/?customer=ALFKI")
        await expect(shown.page.locator("input.pick")).to_have_count(50, timeout=WAIT)
        await shown.button("Select all that the filter finds").click()
        await shown.sees(shown.page.locator(".selection"), "60 selected")
        await shown.page.locator(".selection").get_by_role("button", name="Tag", exact=True).click()
        await shown.dialog.get_by_label("Tags").fill("strike  late")
        gate.close()
        await shown.dialog.get_by_role("button", name="Tag 60 orders").click()
        gate.let_pass(7)
        await shown.sees(shown.dialog, "7 of 60 orders: 7 done")
        await shown.page.keyboard.press("Escape")  # does not close what is in progress
        await shown.dialog.get_by_role("button", name="Stop").click()
        await shown.sees(shown.dialog, "Stopped. An order that was in progress may have been changed, too.")
        gate.open()
        await until(lambda: _tagged(shop, ids, 7 + AT_ONCE), "the orders in progress are completed")
        await shown.dialog.get_by_role("button", name="Close").click()
        await shown.sees(shown.page.locator(".selection"), "53 selected")


async def _tagged(shop: Office, ids: list[str], wanted: int) -> bool:
    tags = [(await load_order(shop.system.app.orders, id_)).state.tags for id_ in ids]
    assert tags.count(("strike", "late")) <= wanted, tags
    return tags.count(("strike", "late")) == wanted
