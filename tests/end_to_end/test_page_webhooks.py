"""The operators' page: webhook endpoints are managed, and deliveries are found, looked at and paged to their end."""

import re

from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, Console, console, office
from tests.running_system import until
from tests.webhook_receiver import Answer, receiving

OLD = 260
FILL = """
insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type, state, ended_at)
select id, 1000000 + n, 'old-' || n, gen_random_uuid(), 'order.held', 'delivered', clock_timestamp()
  from webhooks.endpoints, generate_series(1, $1::int) n"""


async def _confirm(shown: Console, name: str) -> None:
    await shown.dialog.get_by_role("button", name=name, exact=True).click()


async def _secret(shown: Console) -> str:
    """The secret that is shown, whose dialog is closed."""
    field = shown.dialog.get_by_label("Secret")
    await expect(field).to_have_value(re.compile("^whsec_"), timeout=WAIT)
    secret = await field.input_value()
    await _confirm(shown, "Close")
    return secret


async def test_an_endpoint_is_added_tested_rotated_and_disabled(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with (
        office(database_url, temporal_client, webhooks_allow_private=True) as shop,
        console(browser, shop.url) as shown,
        receiving() as receiver,
    ):
        receiver.decide = lambda request: Answer(410 if request.subject == "refused" else 202, body=b"thank you")
        await shown.go("/system")
        endpoints = shown.page.get_by_role("region", name="Webhook endpoints")
        deliveries = shown.page.get_by_role("region", name="Webhook deliveries")
        await shown.button("Add an endpoint").click()
        await shown.dialog.get_by_label("Address").fill(receiver.url)
        await shown.dialog.get_by_label("Events").fill("order.placed, order.confirmed")
        await _confirm(shown, "Add")
        first = await _secret(shown)
        endpoint = endpoints.get_by_role("row").filter(has_text=receiver.url)
        await shown.sees(endpoint, "order.confirmed, order.placed")

        await endpoint.get_by_role("button", name="Test").click()
        await _confirm(shown, "Send")
        await shown.sees(shown.dialog, re.compile(r"Accepted: answered 202, after \d+ ms.*thank you"))
        await _confirm(shown, "Close")
        [test] = receiver.received
        assert test.type == "webhooks.test"
        test.verify(first)

        await endpoint.get_by_role("button", name="Rotate").click()
        await _confirm(shown, "Rotate")
        second = await _secret(shown)
        await shop.place("hooked")

        async def both_received() -> bool:
            return len(receiver.of("hooked")) == 2

        await until(both_received, "both messages of the order have arrived")
        for secret in (first, second):
            receiver.of("hooked")[0].verify(secret)

        await deliveries.get_by_label("Event").fill("order.placed")
        await deliveries.get_by_label("Order").fill("hooked")
        await shown.page.keyboard.press("Enter")
        delivery = deliveries.get_by_role("row").filter(has_text="hooked")
        await expect(delivery).to_have_count(1, timeout=WAIT)
        await shown.sees(delivery, re.compile("delivered.*order.placed"))
        await delivery.get_by_role("button", name="Show").click()
        await shown.sees(shown.dialog.get_by_label("Payload"), '"type": "order.placed"')
        await shown.sees(shown.dialog.get_by_label("Payload"), '"city": "Berlin"')
        await shown.sees(shown.dialog, re.compile("1 attempt.*answered 202"))
        await shown.sees(shown.dialog.get_by_label("Answer"), "thank you")
        await _confirm(shown, "Close")

        await endpoint.get_by_role("button", name="Disable").click()
        await _confirm(shown, "Disable")
        await shown.sees(endpoint, "disabled")
        await endpoint.get_by_role("button", name="Enable").click()
        await _confirm(shown, "Enable")
        await shown.sees(endpoint, "enabled")
        await shop.place("refused")
        await deliveries.get_by_label("Order").fill("refused")
        await shown.page.keyboard.press("Enter")
        await shown.sees(deliveries.get_by_role("row").filter(has_text="refused"), re.compile("parked.*410"))
        await shown.sees(endpoint, "disabled")


async def test_deliveries_are_paged_to_their_end_and_stay_there(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with (
        office(database_url, temporal_client, webhooks_allow_private=True) as shop,
        console(browser, shop.url) as shown,
    ):
        await shop.post("/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/hooks", "topics": ["order.held"]})
        await shop.system.app.pool.execute(FILL, OLD)
        await shown.go("/system")
        deliveries = shown.page.get_by_role("region", name="Webhook deliveries")
        rows, more = deliveries.locator("tbody tr"), deliveries.get_by_role("button", name="More")
        for number in range(50, OLD, 50):
            await expect(rows).to_have_count(number, timeout=WAIT)
            await more.click()
        await expect(rows).to_have_count(OLD, timeout=WAIT)
        await expect(more).to_be_hidden()
        for _ in range(2):
            async with shown.page.expect_response(re.compile("deliveries.*limit=200")):
                pass
        await expect(rows.last).to_contain_text("old-1order.held")
        await expect(rows).to_have_count(OLD)
        await expect(more).to_be_hidden()
