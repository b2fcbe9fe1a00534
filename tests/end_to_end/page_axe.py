"""axe-core in a page: the success criteria of the Web Content Accessibility Guidelines 2.2, AA, and axe's best practices."""

import json
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

_TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN: Final = f"axe.run({json.dumps({'runOnly': _TAGS, 'resultTypes': ['violations']})})"


async def violations(page: Page) -> list[str]:
    """Each violation in the page as it is, with its first element."""
    if not await page.evaluate("Boolean(window.axe)"):
        await page.evaluate(AXE_SCRIPT)
    results: dict[str, Any] = await page.evaluate(_RUN)
    assert len(results["passes"]) > 10, "axe has looked at nothing"
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html'][:160]} ({len(each['nodes'])} elements)"
        for each in results["violations"]
    ]
