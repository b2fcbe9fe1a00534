"""The operators' page: changes of a payment at the provider, and the money that they leave."""

from playwright.async_api import Browser
from temporalio.client import Client

from orders.commands import RecordAdjustment
from tests.end_to_end.page_harness import console, office


async def test_changes_at_the_provider_are_shown_with_the_money_that_is_left(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("changed")
        state = await shop.system.settled("changed", "shipped")
        assert state.payment is not None
        payment_id = state.payment.payment_id
        for change in (
            RecordAdjustment("changed", "refunded", "re_by_hand", payment_id, 700, "requested_by_customer"),
            RecordAdjustment("changed", "disputed", "dp_1", payment_id, 3000, "fraudulent"),
        ):
            await shop.system.handle("changed", change)
        await shown.go_to_order("changed")
        table = shown.page.locator(".order-adjustments")
        for text in ("refunded", "re_by_hand", "requested_by_customer", "disputed", "dp_1", "fraudulent"):
            await shown.sees(table, text)
        money = shown.page.locator(".order-money")
        await shown.sees(money, "Returned at the provider7.00\u00a0EUR")
        await shown.sees(money, "Refundable23.00\u00a0EUR")
        timeline = shown.page.locator(".order-timeline")
        await shown.sees(timeline, "7.00 EUR was refunded at the provider as re_by_hand")
