"""The operators' page: notes in the timeline, tags as chips, and the shop's metadata of an order."""

import re

from playwright.async_api import Browser, Route, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import PHONE, WAIT, console, office

KEYS = "desk:operate:key-of-the-desk-0001,eye:read:key-of-the-eye-00002"


async def test_an_order_is_tagged_and_noted_from_its_page_while_another_person_does_so_too(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("noted", metadata={"channel": "web", "<b>rep</b>": "Eve"})
        await shop.system.settled("noted", "shipped")
        await shown.go_to_order("noted")
        metadata = shown.page.get_by_role("region", name="Metadata")
        await shown.sees(metadata, re.compile(r"channel\s*web\s*<b>rep</b>\s*Eve"))
        tags = shown.page.get_by_role("list", name="Tags")

        await shown.page.get_by_label("Add a tag").fill("VIP")
        await shown.button("Add tag").click()
        await shown.sees(tags, "vip")
        await expect(shown.page.get_by_label("Add a tag")).to_have_value("")
        await shown.page.get_by_label("Add a tag").fill("a b")
        await shown.button("Add tag").click()
        await shown.sees(shown.page.locator(".tag-bar").get_by_role("alert"), "letters from a to z")
        await expect(shown.page.get_by_label("Add a tag")).to_have_value("a b")

        await shown.page.get_by_label("Note", exact=True).fill("called the customer\n<i>twice</i>")
        await shop.post("/v1/orders/noted/notes", {"text": "the other person's"})
        await shown.sees(shown.timeline.filter(has_text="Noted"), "the other person's")
        await expect(shown.page.get_by_label("Note", exact=True)).to_have_value("called the customer\n<i>twice</i>")
        await shown.button("Add note").click()
        last = shown.timeline.filter(has_text="twice")
        await shown.sees(last, re.compile(r"Noted.*called the customer\n<i>twice</i>.*by api:local", re.DOTALL))
        await expect(shown.page.get_by_label("Note", exact=True)).to_have_value("")

        await shop.place("other")
        await tags.get_by_role("link", name="vip").click()
        orders = shown.page.get_by_role("region", name="Orders")
        await shown.sees(orders.get_by_role("table"), "noted")
        await expect(orders.get_by_label("Tag")).to_have_value("vip")
        await orders.get_by_label("Metadata").fill("channel:web")
        await orders.get_by_label("Metadata").press("Enter")
        await expect(orders.get_by_role("link", name=re.compile("^(noted|other)$"))).to_have_text(
            ["noted"], timeout=WAIT
        )
        await orders.get_by_label("Metadata").fill("channel:shop")
        await orders.get_by_label("Metadata").press("Enter")
        await shown.sees(orders, "No matching orders")
        await shown.go_to_order("noted")

        await shown.button("Remove the tag vip").click()
        await expect(tags.get_by_role("listitem")).to_have_count(0, timeout=WAIT)
        await shown.sees(shown.timeline.filter(has_text="Untagged"), "vip")
        assert (await shop.system.events("noted"))[4:] == [
            "order.tagged", "order.noted", "order.noted", "order.untagged",
        ]  # fmt: skip
        assert await shop.system.running("noted") == []
        shown.expected("422")


async def test_a_note_whose_answer_was_lost_is_added_once(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url, size=PHONE) as shown:
        await shop.place("unsure")
        await shown.go_to_order("unsure")
        lost: list[str] = []

        async def lose_the_first_answer(route: Route) -> None:
            if lost:
                return await route.continue_()
            lost.append(route.request.url)
            await route.fetch()
            await route.abort("connectionreset")

        await shown.page.route("**/notes", lose_the_first_answer)
        await shown.page.get_by_label("Note", exact=True).fill("once")
        await shown.button("Add note").click()
        await shown.sees(shown.page.locator(".note-form").get_by_role("alert"), "cannot be reached")
        await shown.button("Add note").click()
        await expect(shown.page.get_by_label("Note", exact=True)).to_have_value("", timeout=WAIT)
        assert (await shop.system.events("unsure")).count("order.noted") == 1
        assert await shown.overflow() <= 0
        shown.expected("ERR_CONNECTION_RESET|net::")


async def test_a_reader_sees_tags_and_notes_and_cannot_add_any(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client, api_keys=KEYS) as shop, console(browser, shop.url) as shown:
        key = "key-of-the-desk-0001"
        await shop.place("seen", key=key)
        await shop.post("/v1/orders/seen/notes", {"text": "for all to see"}, key=key)
        await shown.go("/orders/seen")
        await shown.page.get_by_label("API key").fill("key-of-the-eye-00002")
        await shown.page.keyboard.press("Enter")
        await shown.sees(shown.timeline.filter(has_text="Noted"), "for all to see")
        await expect(shown.button("Add note")).to_be_hidden()
        await expect(shown.page.get_by_label("Add a tag")).to_be_hidden()
        shown.expected("401")
