"""The operators' page with two people at the same order: a dialog states the present, or is refused."""

import asyncio
import re
from typing import Any

from playwright.async_api import Browser, Route, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, Console, Office, console, office

HALF = "15.00\u00a0EUR"


async def test_of_two_people_who_refund_the_same_half_the_second_is_shown_what_the_first_has_done(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with (
        office(database_url, temporal_client) as shop,
        console(browser, shop.url) as one,
        console(browser, shop.url) as two,
    ):
        await _shipped_order(shop, "halved")
        for shown in (one, two):
            await _asks_for_half(shown, "halved")
        await one.dialog.get_by_role("button", name="Refund").click()
        await expect(one.dialog).to_be_hidden(timeout=WAIT)

        await two.sees(two.dialog.get_by_role("alert"), "has changed since the dialog was opened")
        await two.sees(two.dialog, f"{HALF} of order halved goes back to customer ALFKI, 0.00\u00a0EUR stays")
        await expect(two.dialog.get_by_label("Amount in EUR")).to_have_value("15")
        await expect(two.dialog.get_by_label("Reason")).to_have_value("a broken cup")
        await two.page.keyboard.press("Escape")
        assert (await shop.system.events("halved")).count("order.refund_requested") == 1


async def test_a_request_of_a_page_that_has_not_seen_the_change_is_refused_and_its_dialog_rebuilt(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _shipped_order(shop, "contested")
        await _asks_for_half(shown, "contested")
        tags: list[str] = []
        first = asyncio.Event()

        async def another_is_faster(route: Route) -> None:
            tags.append(route.request.headers["if-match"])
            if not first.is_set():
                first.set()
                await shop.post("/v1/orders/contested/refunds", {"amount": 1500, "reason": "somebody was faster"})
            await route.continue_()

        await shown.page.route("**/refunds", another_is_faster)
        confirm = shown.dialog.get_by_role("button", name="Refund")
        await confirm.dblclick()
        await shown.sees(shown.dialog.get_by_role("alert"), "has changed since the dialog was opened")
        await shown.sees(shown.dialog, "0.00\u00a0EUR stays")
        assert (await shop.system.events("contested")).count("order.refund_requested") == 1

        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        assert (await shop.system.events("contested")).count("order.refund_requested") == 2
        assert len(set(tags)) == len(tags) == 2, tags
        shown.expected("status of 412.*/refunds")


async def test_a_dialog_whose_action_has_become_impossible_can_only_be_closed(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("ended")
        await shop.system.step_is_failing("ended", "create-shipment")
        await shown.go_to_order("ended")
        await shown.is_live()
        await shown.button("Hold").click()
        await shop.post("/v1/orders/ended/cancel", {"reason": "ordered twice"})
        await shown.sees(shown.dialog.get_by_role("alert"), "no longer possible")
        await expect(shown.dialog.get_by_role("button")).to_have_text(["Close"])
        await shown.button("Close").click()
        await expect(shown.dialog).to_be_hidden()


async def test_after_an_unknown_outcome_a_change_leaves_the_question_as_it_was_sent(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _shipped_order(shop, "unsure")
        await _asks_for_half(shown, "unsure")
        sent: list[dict[str, Any]] = []

        async def lose_the_first_answer(route: Route) -> None:
            sent.append({name: route.request.headers[name] for name in ("if-match", "idempotency-key")})
            if len(sent) > 1:
                return await route.continue_()
            await route.fetch()
            await route.abort("connectionreset")

        await shown.page.route("**/refunds", lose_the_first_answer)
        confirm = shown.dialog.get_by_role("button", name="Refund")
        await confirm.click()
        await shown.sees(shown.dialog.get_by_role("alert"), "The outcome is unknown")
        await shown.sees(shown.page.locator(".order-refunds"), re.compile(r"made.*15\.00"))
        await shown.sees(shown.dialog.get_by_role("alert"), "The outcome is unknown")
        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        assert sent[0] == sent[1]
        assert (await shop.system.events("unsure")).count("order.refund_requested") == 1
        shown.expected("ERR_CONNECTION_RESET|net::")


async def _shipped_order(shop: Office, order_id: str) -> None:
    await shop.place(order_id)
    await shop.system.settled(order_id, "shipped")


async def _asks_for_half(shown: Console, order_id: str) -> None:
    await shown.go_to_order(order_id)
    await shown.is_live()
    await shown.button("Refund").click()
    await shown.dialog.get_by_label("Amount in EUR").fill("15")
    await shown.dialog.get_by_label("Reason").fill("a broken cup")
    await shown.sees(shown.dialog, f"{HALF} of order {order_id} goes back to customer ALFKI, {HALF} stays")
