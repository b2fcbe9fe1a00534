"""The operators' page: accessible, on every screen, by keyboard alone."""

from playwright.async_api import Browser, expect
from temporalio.client import Client

from tests.end_to_end.page_axe import violations
from tests.end_to_end.page_checks import FAULTS
from tests.end_to_end.page_harness import DESK, PHONE, WAIT, Console, Office, console, office

ORDERS = (
    "/",
    "/?q=berlin&status=shipped",
    "/orders/seen",
    "/orders/stuck",
    "/orders/gone",
    f"/orders/{'long-' * 25}",
    "/figures",
)
VIEWS = (*ORDERS, "/customers", "/customers/ALFKI", "/inventory", "/system", "/nowhere")
FORMS = [(size, scheme) for size in (DESK, PHONE) for scheme in ("light", "dark")]
BY_AXE = ((DESK, "light"), (PHONE, "dark"))
SHORT = [{"sku": f"NONE-{number}", "name": "Tea", "quantity": 1, "unitPrice": 100} for number in range(40)]


async def _with_every_kind_of_row(shop: Office) -> None:
    await shop.place("seen")
    await shop.system.settled("seen", "shipped")
    await shop.post("/v1/orders/seen/refunds", {"amount": 100, "reason": "a broken cup"})
    await shop.place("gone", items=SHORT, total=40 * 100)
    await shop.place("long-" * 25, customerId="customer-" * 14, items=[{**SHORT[0], "name": "long " * 50}], total=100)
    await shop.system.faults.set("shipping.create", "unavailable")
    await shop.place("stuck")
    await shop.system.step_is_failing("stuck", "create-shipment")
    await shop.post("/v1/orders/stuck/hold", {"reason": "fraud suspected"})


async def test_every_view_has_names_headings_contrast_and_room(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await _with_every_kind_of_row(shop)
        for view in VIEWS:
            await shown.go(view)
            await _is_sound_in_every_form(shown, view)
        await shown.go("/orders/seen")
        for name in ("Refund", "Keyboard shortcuts"):
            await shown.button(name).click(timeout=WAIT)
            await expect(shown.dialog).to_be_visible()
            await _is_sound_in_every_form(shown, f"the dialog {name}")
            await shown.page.keyboard.press("Escape")


async def test_axe_finds_a_button_without_a_name(database_url: str, temporal_client: Client, browser: Browser) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shown.go("/nowhere")
        await expect(shown.page.locator("main h1")).to_have_count(1)
        await shown.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
        assert [each.partition(":")[0] for each in await violations(shown.page)] == ["button-name"]


async def _is_sound_in_every_form(shown: Console, what: str) -> None:
    """Check the view that is open at each width in each scheme."""
    await expect(shown.page.locator("main h1")).to_have_count(1)
    await expect(shown.page.locator("main [aria-busy]")).to_have_count(0, timeout=WAIT)
    for (width, height), scheme in FORMS:
        await shown.page.set_viewport_size({"width": width, "height": height})
        await shown.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        assert await shown.page.evaluate(FAULTS) == [], (what, width, scheme)
        if ((width, height), scheme) in BY_AXE:
            assert await violations(shown.page) == [], (what, width, scheme)
        assert await shown.overflow() <= 0, (what, width, scheme)


async def test_what_is_folded_is_reached_by_keyboard(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.place("short", items=SHORT, total=40 * 100)
        await shop.system.settled("short", "cancelled")
        await shown.go_to_order("short")
        folded = shown.page.get_by_text("NONE-9: 0 of 1 available")
        await expect(shown.page.locator(".banner")).to_contain_text("32 more SKUs", timeout=WAIT)
        await expect(folded).to_be_hidden()
        await _tab_to(shown, "32 more SKUs")
        await shown.page.keyboard.press("Enter")
        await expect(folded).to_be_visible()
        items = shown.page.get_by_role("region", name="Items").locator("tbody tr")
        await expect(items).to_have_count(20)
        await _tab_to(shown, "Show all 40 lines")
        await shown.page.keyboard.press("Enter")
        await expect(items).to_have_count(40)
        await expect(items.nth(20)).to_be_focused()


async def test_an_order_is_found_and_held_without_a_mouse(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("typed")
        press = shown.page.keyboard.press
        await shown.go()
        await shown.sees(shown.row("typed"), "paid")
        await press("Tab")
        await expect(shown.page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await press("Enter")
        await expect(shown.page.locator("main")).to_be_focused()
        for keys, heading in (("gc", "Customers"), ("gi", "Inventory"), ("go", "Overview")):
            await shown.page.keyboard.type(keys)
            await expect(shown.page.get_by_role("heading", level=1, name=heading)).to_be_focused()
        await press("?")
        await shown.sees(shown.dialog, "Keyboard shortcuts")
        await press("Escape")
        await press("/")
        await shown.page.keyboard.type("typed")
        await press("Enter")
        await expect(shown.page.get_by_role("heading", level=1, name="Order typed")).to_be_focused(timeout=WAIT)
        await expect(shown.button("Hold")).to_be_visible(timeout=WAIT)
        await _tab_to(shown, "Hold")
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await shown.page.evaluate(outline) == "solid"
        await press("Enter")
        await shown.page.keyboard.type("g? by keyboard alone")
        await _tab_to(shown, "Hold")
        await press("Enter")
        await shown.sees(shown.page.locator(".banner"), "g? by keyboard alone")


async def _tab_to(shown: Console, name: str) -> None:
    for _ in range(20):
        await shown.page.keyboard.press("Tab")
        if await shown.page.evaluate("document.activeElement.textContent") == name:
            return
    raise AssertionError(f"{name} is not reached by Tab")


async def test_what_changes_is_said_and_leaves_the_focus_where_it_is(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop, console(browser, shop.url) as shown:
        await shop.system.faults.set("shipping.create", "unavailable")
        await shop.place("focused")
        await shown.go()
        await shown.sees(shown.row("focused"), "paid")
        await shown.page.get_by_role("link", name="focused").focus()
        await shop.system.faults.clear()
        await shown.sees(shown.row("focused"), "shipped")
        await expect(shown.page.get_by_role("link", name="focused")).to_be_focused()
        await shown.sees(shown.page.locator("#announcer"), "changed")


async def test_colours_and_motion_are_as_people_want_them(
    database_url: str, temporal_client: Client, browser: Browser
) -> None:
    async with office(database_url, temporal_client) as shop:
        async with console(browser, shop.url, dark=True) as shown:
            ground = "getComputedStyle(document.documentElement).backgroundColor"
            await shown.go()
            await shown.is_live()
            dark = await shown.page.evaluate(ground)
            await shown.page.keyboard.press("t")
            light = await shown.page.evaluate(ground)
            assert light != dark
            await shown.page.reload()
            await shown.is_live()
            assert await shown.page.evaluate(ground) == light
        for still in (True, False):
            async with console(browser, shop.url, still=still) as shown:
                await shown.go()
                await shown.is_live()
                await shown.page.keyboard.press("?")
                moving = await shown.page.evaluate("getComputedStyle(document.querySelector('dialog')).animationName")
                assert (moving == "none") is still
