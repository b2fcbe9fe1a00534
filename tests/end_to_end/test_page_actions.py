"""The operators' page: actions on an order, confirmed first and executed once."""

import asyncio
import re

from playwright.async_api import Browser, Route, expect
from temporalio.client import Client

from application.retrying import EFFECTS
from gateways.simulated.shipping import CARRIER
from tests.end_to_end.page_harness import WAIT, Console, Office, console, office
from tests.running_system import until


async def test_an_order_cancelled_from_the_page_is_undone_before_ones_eyes(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("doomed")
        await shown.go_to_order("doomed")
        await expect(shown.timeline).to_have_count(3, timeout=WAIT)
        await shown.button("Cancel order").click()
        await shown.sees(shown.dialog, "The 30.00\u00a0EUR that was charged goes back to the customer")
        await shown.button("Cancel the order").click()
        await shown.sees(shown.dialog.get_by_role("alert"), "Enter a reason")
        await shown.dialog.get_by_label("Reason").fill("ordered twice")
        await shown.dialog.get_by_label("Who wants it").select_option("the customer")
        await shown.button("Cancel the order").click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        await shown.sees(shown.timeline.nth(3), re.compile(r"Cancelled.*ordered twice, by customer.*by api:local"))
        await shown.sees(shown.timeline.nth(4), re.compile(r"Refunded.*30\.00 EUR as .*by fulfill-order"))
        await shown.sees(shown.page.locator(".order-badges"), re.compile("cancelled.*refunded"))
        await expect(shown.button("Cancel order")).to_be_hidden()
        assert await shop.system.money("doomed") == (3000, 3000)


async def test_an_order_is_held_seen_on_top_of_the_overview_and_released(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("held")
        await shown.go_to_order("held")
        await expect(shown.timeline).to_have_count(3, timeout=WAIT)
        await expect(shown.button("Release")).to_be_hidden()
        await shown.button("Hold").click()
        await shown.dialog.get_by_label("Reason").fill("fraud suspected")
        await shown.dialog.get_by_role("button", name="Hold").click()
        await shown.sees(shown.page.locator(".banner"), "On hold: fraud suspected, by api:local")

        await shown.go()
        attention = shown.page.get_by_role("region", name="Needs attention")
        await attention.get_by_role("button", name="Show").click()
        await shown.sees(attention.get_by_role("row").filter(has_text="on hold"), "fraud suspected")
        since = attention.locator("time[data-relative]").first
        await since.evaluate("(time) => time.setAttribute('datetime', new Date(Date.now() - 3600e3).toISOString())")
        await shown.sees(since, "1 h 0 min ago")
        await attention.get_by_role("link", name="held").first.click()
        await shop.system.faults.clear()
        await shown.button("Release").click()
        await shown.sees(shown.dialog, "goes on from “paid”")
        await shown.dialog.get_by_role("button", name="Release").click()
        await shown.sees(shown.page.locator(".order-badges"), "shipped")
        await expect(shown.button("Hold")).to_be_hidden()


async def test_a_part_is_refunded_exactly_and_a_double_click_does_it_once(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _shipped_order(shop, "returned")
        await shown.go_to_order("returned")
        await shown.button("Refund").click()
        amount, confirm = shown.dialog.get_by_label("Amount in EUR"), shown.dialog.get_by_role("button", name="Refund")
        await shown.dialog.get_by_label("Reason").fill("arrived late")
        for typed, refusal in {
            "12.345": "EUR has 2 decimals",
            "12,50": "Write the amount with a point",
            "1e3": "must be a number",
            "-1": "must be a number",
            "0.00": "greater than zero",
            "30.01": "At most 30.00\u00a0EUR",
            "": "Type an amount",
        }.items():
            await amount.fill(typed)
            await confirm.click()
            await shown.sees(shown.dialog.get_by_role("alert"), refusal)
        await amount.fill("12.34")
        await shown.sees(
            shown.dialog, "12.34\u00a0EUR of order returned goes back to customer ALFKI, 17.66\u00a0EUR stays"
        )
        clicked, sent, answered = asyncio.Event(), list[str](), list[int]()

        async def hold_until_both_clicks_are_done(route: Route) -> None:
            sent.append(route.request.url)
            await clicked.wait()
            answer = await route.fetch()
            answered.append(answer.status)
            await route.fulfill(response=answer)

        await shown.page.route("**/refunds", hold_until_both_clicks_are_done)
        await confirm.dblclick()
        clicked.set()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        await until(lambda: _same_length(sent, answered), "everything sent is answered")
        await shown.sees(shown.page.locator(".order-badges"), "partly refunded")
        assert (await shop.system.events("returned")).count("order.refund_requested") == 1
        await shown.sees(shown.page.locator(".order-refunds"), re.compile(r"made.*12\.34\s*EUR.*arrived late"))
        await shown.sees(shown.page.locator(".order-money"), re.compile(r"Refundable\s*17\.66"))
        assert await shop.system.money("returned") == (3000, 1234)


async def test_a_request_whose_answer_was_lost_is_tried_again_and_done_once(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _shipped_order(shop, "unsure")
        await shown.go_to_order("unsure")
        keys: list[str] = []

        async def lose_the_first_answer(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) > 1:
                return await route.continue_()
            await route.fetch()
            await route.abort("connectionreset")

        await shown.page.route("**/refunds", lose_the_first_answer)
        await shown.button("Refund").click()
        await shown.dialog.get_by_label("Amount in EUR").fill("5")
        await shown.dialog.get_by_label("Reason").fill("a broken cup")
        confirm = shown.dialog.get_by_role("button", name="Refund")
        await confirm.click()
        await shown.sees(shown.dialog.get_by_role("alert"), "The outcome is unknown")
        await expect(shown.dialog.get_by_label("Amount in EUR")).not_to_be_editable()
        await confirm.click()
        await expect(shown.dialog).to_be_hidden(timeout=WAIT)
        await shown.sees(shown.page.locator(".order-refunds"), "made")
        assert len(keys) == 2
        assert len(set(keys)) == 1
        assert (await shop.system.events("unsure")).count("order.refund_requested") == 1
        shown.expected("ERR_CONNECTION_RESET|net::")


async def test_a_lost_order_is_taken_up_again(database_url: str, temporal_client: Client, browser: Browser) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("lost")
        await shop.system.step_is_failing("lost", "create-shipment")
        await shop.system.workflow("fulfill-order", "lost").terminate("by mistake")
        await shop.system.faults.clear()
        await shown.go_to_order("lost")
        await shown.sees(shown.row("fulfill-order-lost"), "terminated")
        await shown.sees(shown.page.locator(".order-stuck"), re.compile("lost: .*needs a person"))
        await shown.button("Retry").click()
        await shown.sees(shown.dialog, EFFECTS["paid"])
        await shown.dialog.get_by_label("Reason").fill("terminated by mistake")
        await shown.dialog.get_by_role("button", name="Retry").click()
        await shown.sees(shown.page.locator(".order-badges"), "shipped")
        await shown.sees(shown.row("fulfill-order-lost"), "completed")
        await expect(shown.button("Retry")).to_be_hidden(timeout=WAIT)


async def test_a_retry_may_choose_the_labels_carrier(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("chosen")
        await shop.system.step_is_failing("chosen", "create-shipment")
        await shown.go_to_order("chosen")
        await shown.button("Retry").click()
        await shown.dialog.get_by_label("Reason").fill("the cheaper one")
        await shown.dialog.get_by_label("Carrier of the label").fill(CARRIER)
        await shown.dialog.get_by_role("button", name="Retry").click()
        await shop.system.faults.clear()
        await shown.sees(shown.page.locator(".order-badges"), "shipped")
        await shown.sees(shown.page.locator("body"), f"retried by {CARRIER} while paid")


async def test_a_dialog_that_is_closed_does_nothing(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _shipped_order(shop, "kept")
        await shown.go_to_order("kept")
        for way in ("Escape", "Close"):
            await shown.button("Refund").click()
            await shown.dialog.get_by_label("Reason").fill("no, wait")
            await (shown.page.keyboard.press("Escape") if way == "Escape" else shown.button("Close").click())
            await expect(shown.dialog).to_be_hidden()
            await expect(shown.button("Refund")).to_be_focused()
        assert (await shop.system.events("kept"))[-1] == "order.shipped"


async def _shipped_order(shop: Office, order_id: str) -> None:
    await shop.place(order_id)
    await shop.system.settled(order_id, "shipped")


async def _same_length(one: list[str], other: list[int]) -> bool:
    return len(one) == len(other)


async def _refunded(shop: Office, shown: Console, order_id: str, amount: int) -> None:
    async def all_back() -> bool:
        return (await shop.system.money(order_id))[1] == amount

    await until(all_back, f"{amount} of {order_id} has gone back")
    await shown.sees(shown.page.locator(".order-badges"), "refunded")
