"""The operators' page: lists stay right while their rows change, and an error of the page is neither silent nor green."""

import pytest
from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, Office, console, office
from tests.running_system import until

# Each step of rows is [key, value]; the table shows the values of the last step, in its order.
TABLE = """async (steps) => {
    const { table } = await import('/assets/table.js');
    const columns = [{ label: 'Value', cell: ([, value]) => value }];
    const shown = table('Rows', columns, ([key]) => key, () => ['None']);
    return steps.map((rows) => {
        shown.update(rows);
        return [...shown.element.querySelectorAll('tbody td')].map((cell) => cell.textContent);
    });
}"""
STEPS = [
    [["a", "1"], ["b", "1"], ["c", "1"]],
    [["a", "2"], ["b", "1"], ["c", "1"]],  # the first row changes
    [["a", "2"], ["b", "2"], ["c", "2"]],  # two neighbours change
    [["d", "1"], ["a", "3"], ["b", "2"], ["c", "3"]],  # a new row before changing ones
    [["c", "4"], ["a", "3"], ["d", "2"]],  # another order, one removed
    [],
    [["a", "5"]],
]
FAULTS = (
    "setTimeout(() => { throw new Error('a fault') })",
    "void Promise.reject(new Error('a fault'))",
    "console.error('a fault')",
)


async def test_rows_that_change_keep_their_places_and_every_list_follows(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        for number in range(3):
            await shop.place(f"row-{number}")

        async def all_paid() -> bool:
            return await shop.system.app.queries.counts_by_status() == {"paid": 3}

        await until(all_paid, "all orders are paid")
        await shown.go()
        assert await shown.page.evaluate(TABLE, STEPS) == [[value for _, value in rows] for rows in STEPS]
        await shown.go("/customers/ALFKI")
        for number in range(3):
            await shown.sees(shown.row(f"row-{number}"), "paid")
        await shop.system.faults.clear()
        for number in range(3):
            await shown.sees(shown.row(f"row-{number}"), "shipped")
        await expect(shown.page.locator(".state.bad")).to_have_count(0)


async def test_an_error_of_the_page_is_shown_instead_of_live_and_fails_every_page_test(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop:
        await shop.place("any")
        for script in FAULTS:
            with pytest.raises(AssertionError, match="a fault"):
                await _visit(browser, shop, script)
        async with console(browser, shop.url) as shown:
            # A response in another form than the page expects: the view's own code fails, inside a request that succeeded.
            await shown.page.route(
                "**/v1/orders?*", lambda route: route.fulfill(json={"orders": [None], "after": None})
            )
            await shown.go()
            await shown.sees(shown.page.get_by_role("alert"), "This page has failed")
            await expect(shown.page.locator("#live")).to_have_text("not live", timeout=WAIT)
            assert any(each.startswith("error: ") for each in shown.complaints)
            with pytest.raises(AssertionError):
                shown.expected("error")
            shown.complaints.clear()


async def _visit(browser: Browser, shop: Office, script: str) -> None:
    async with console(browser, shop.url) as shown:
        await shown.go()
        await shown.is_live()
        await shown.page.evaluate(f"() => {{ {script} }}")
