"""A real browser for the tests of the operators' page."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NoReturn

import pytest
from playwright.async_api import Browser, async_playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Path of Chromium on this machine, or None."""
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def _give_up() -> NoReturn:
    missing = f"no Chromium on PATH ({', '.join(_NAMES)}), which the operators' page is tested in"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@asynccontextmanager
async def run_browser() -> AsyncIterator[Browser]:
    """Headless Chromium. Without one the test is skipped, or fails if CI is set."""
    path = chromium() or _give_up()
    # Chromium's own sandbox refuses to run as root, as in a container.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=Path(path), args=arguments)
        yield browser
        await browser.close()
