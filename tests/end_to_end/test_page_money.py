"""The operators' page: amounts are exact, in every currency."""

from iso4217 import Currency
from playwright.async_api import Browser
from temporalio.client import Client

from orders.reference import currency_exponent
from tests.end_to_end.page_harness import console, office

MODULE = "const { digitsOf, toMajor, toMinor } = await import('/assets/money.js');"
DIGITS = f"async (codes) => {{ {MODULE} return Object.fromEntries(codes.map((code) => [code, digitsOf(code)])) }}"
BOTH_WAYS = f"""async (pairs) => {{ {MODULE}
    return pairs.map(([code, amount]) => [code, String(toMinor(toMajor(BigInt(amount), code), code))]) }}"""


async def test_amounts_are_exact_in_every_currency_and_to_the_last_unit(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    exponents = {each.code: exponent for each in Currency if (exponent := currency_exponent(each.code)) is not None}
    amounts = {"EUR": [0, 1, 10, 1234, 2**53 + 1, 2**63 - 1], "JPY": [7, 2**63 - 1], "KWD": [1, 1234], "HUF": [1234]}
    pairs = [[currency, str(amount)] for currency, each in amounts.items() for amount in each]
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("rich", quantity=1, unit_price=2**53 + 1)
        await shown.go()
        await shown.sees(shown.row("rich"), "90,071,992,547,409.93\u00a0EUR")
        await shown.go_to_order("rich")
        await shown.sees(shown.page.locator(".order-money"), "90,071,992,547,409.93\u00a0EUR")
        assert await shown.page.evaluate(DIGITS, list(exponents)) == exponents
        assert await shown.page.evaluate(BOTH_WAYS, pairs) == pairs
