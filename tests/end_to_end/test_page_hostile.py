"""The operators' page: user input is shown as text, and stays in its place."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import DESK, PHONE, WAIT, console, office

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>&lt;b&gt;"
TURNED = "\u202egnp.elif\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
WIDE = "W" * 512
CONTROLS = "bell\u0007 escape\u001b[31m tab"
EMOJI = "👩‍👩‍👧‍👦🏳️‍🌈 Z͑ͫ̓a̴l̷g̶o"
IDS = {"markup": "<b>x<svg|onload=alert(3)>", "long": "i" * 128, "query": "a?b=c#d&e%2Ff\"'"}


@pytest.mark.parametrize("size", [DESK, PHONE])
async def test_hostile_names_are_shown_as_the_text_they_are(
    database_url: str, temporal_client: Client, browser: Browser, size: tuple[int, int]
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=size) as shown:
        names = [MARKUP, TURNED, WIDE, CONTROLS, EMOJI]
        items = [{"sku": "TEA-1", "name": name, "quantity": 1, "unitPrice": 100} for name in names]
        address = {"name": MARKUP, "line1": WIDE, "city": TURNED, "postalCode": "12209", "country": "DE"}
        hostile: dict[str, Any] = {
            "items": items,
            "total": 500,
            "shippingAddress": address,
            "customerId": IDS["markup"],
        }
        for order_id in IDS.values():
            await shop.place(f"{order_id[:120]}-{size[0]}", **hostile)
        await shown.go()
        for order_id in IDS.values():
            await expect(shown.page.get_by_role("link", name=f"{order_id[:120]}-{size[0]}", exact=True)).to_be_visible(
                timeout=WAIT
            )
        assert await shown.overflow() <= 0
        for order_id in IDS.values():
            await shown.go_to_order(f"{order_id[:120]}-{size[0]}")
            await shown.sees(shown.page.locator(".order-badges"), "shipped")
            await shown.sees(shown.page.locator(".order-items"), MARKUP)
            await shown.sees(shown.page.locator(".order-items"), "bell\u2407 escape\u241b[31m")
            await shown.sees(shown.page.locator(".order-items"), EMOJI)
            await shown.sees(shown.page.locator(".order-address"), TURNED)
            assert await shown.overflow() <= 0
            assert await shown.page.locator("main :is(img, script, iframe, b)").count() == 0
            isolated = "getComputedStyle(document.querySelector('main bdi')).unicodeBidi"
            assert await shown.page.evaluate(isolated) == "isolate"
        await shown.page.get_by_role("link", name=IDS["markup"]).click()
        await shown.sees(shown.page.get_by_role("heading", level=1), f"Customer {IDS['markup']}")
        assert await shown.overflow() <= 0


async def test_a_hostile_reason_is_kept_and_shown_as_text(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=PHONE) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("reasoned")
        await shown.go_to_order("reasoned")
        await expect(shown.timeline).to_have_count(3, timeout=WAIT)
        await shown.button("Hold").click()
        await shown.dialog.get_by_label("Reason").fill(MARKUP + "x" * 400)
        await shown.dialog.get_by_role("button", name="Hold").click()
        await shown.sees(shown.page.locator(".banner"), MARKUP)
        await shown.go()
        attention = shown.page.get_by_role("region", name="Needs attention")
        await attention.get_by_role("button", name="Show").click()
        await shown.sees(attention, MARKUP)
        assert await shown.overflow() <= 0


async def test_the_server_forbids_scripts_and_styles_that_are_not_files(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        answer = await shown.page.goto(shop.url)
        assert answer
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        text = await answer.text()
        assert "<style" not in text
        assert " style=" not in text
        await shown.is_live()
        await shown.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = true\">')"
        )
        await shown.page.wait_for_function("document.querySelector('img').complete")
        assert await shown.page.evaluate("window.hit") is None
        shown.expected("Content Security Policy")
        shown.expected("404.*/x", at_least=0)
