"""The operators' page: permissions by role, and a server that stops and returns."""

from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_harness import WAIT, Console, console, office

KEYS = {"reader": "read-0123456789abcdef", "clerk": "write-0123456789abcdef", "boss": "operate-0123456789abcdef"}
SETTING = f"reader:read:{KEYS['reader']},clerk:write:{KEYS['clerk']},boss:operate:{KEYS['boss']}"
AWAY = "ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"


async def _sign_in(shown: Console, key: str) -> None:
    await shown.page.get_by_label("API key").fill(key)
    await shown.button("Sign in").click()


async def test_a_key_is_asked_for_kept_in_the_tab_alone_and_forgotten(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with (
        office(database_url, temporal_client, api_keys=SETTING) as shop,
        console(browser, shop.url) as shown,
    ):
        await shop.place("secret", key=KEYS["boss"])
        await shown.go("/orders/secret")
        await expect(shown.page.get_by_label("API key")).to_be_focused()
        await expect(shown.page.get_by_role("navigation")).to_be_hidden()
        await _sign_in(shown, "wrong-0123456789abcdef")
        await shown.sees(shown.page.get_by_role("alert"), "does not know this key")
        await _sign_in(shown, KEYS["boss"])
        await shown.sees(shown.page.get_by_role("heading", level=1), "Order secret")
        await shown.sees(shown.page.locator("#who"), "api:boss")
        await shown.is_live()
        stored = await shown.page.evaluate(
            "[Object.values(sessionStorage), Object.values(localStorage), document.cookie]"
        )
        assert stored == [[KEYS["boss"]], [], ""]
        assert KEYS["boss"] not in shown.page.url

        await shown.page.reload()
        await shown.sees(shown.page.get_by_role("heading", level=1), "Order secret")
        await shown.button("Sign out").click()
        await expect(shown.page.get_by_label("API key")).to_be_visible()
        await expect(shown.page.locator("main")).not_to_contain_text("secret")
        assert await shown.page.evaluate("sessionStorage.length") == 0
        shown.expected("401.*/v1/config", at_least=2)


async def test_a_role_sees_what_it_may_not_do_and_cannot_do_it(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client, api_keys=SETTING) as shop:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("guarded", key=KEYS["clerk"])
        allowed = {"reader": (False, False), "clerk": (True, False), "boss": (True, True)}
        for name, (may_cancel, may_hold) in allowed.items():
            async with console(browser, shop.url) as shown:
                await shown.go("/orders/guarded")
                await _sign_in(shown, KEYS[name])
                await expect(shown.button("Cancel order")).to_be_enabled(enabled=may_cancel, timeout=WAIT)
                await expect(shown.button("Hold")).to_be_enabled(enabled=may_hold)
                await shown.page.get_by_role("link", name="System").click()
                await expect(shown.button("Rebuild order-dashboard")).to_be_enabled(enabled=may_hold, timeout=WAIT)
                shown.expected("401.*/v1/config")


async def test_the_page_comes_back_by_itself_when_the_server_does(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("before")
        await shown.go()
        await shown.sees(shown.row("before"), "shipped")
        await shown.is_live()
        await shop.close()
        await expect(shown.page.locator("#live")).to_have_text("reconnecting", timeout=WAIT)
        await shop.system.place("meanwhile")
        await shop.system.settled("meanwhile", "shipped")
        await shop.open()
        await shown.is_live()
        await shown.sees(shown.row("meanwhile"), "shipped")
        await shop.place("after")
        await shown.sees(shown.row("after"), "shipped")
        shown.expected(AWAY, at_least=0)


async def test_a_stream_goes_on_from_the_last_event_it_saw(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("one")
        await shop.system.settled("one", "shipped")
        asked: list[str | None] = []
        shown.page.on(
            "request",
            lambda request: asked.append(request.headers.get("last-event-id")) if "/events" in request.url else None,
        )
        await shown.go_to_order("one")
        await shown.is_live()
        await shop.close()
        await expect(shown.page.locator("#live")).to_have_text("reconnecting", timeout=WAIT)
        await shop.open()
        await shown.is_live()
        assert asked[0] == asked[-1] == "4"
        shown.expected(AWAY, at_least=0)
