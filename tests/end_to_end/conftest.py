"""Fixtures: a set of worker processes, and a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from temporalio.client import Client

from embedded.temporal import TemporalServer
from tests.end_to_end.browser import run_browser
from tests.end_to_end.stripe_fleet import StripeFleet
from tests.end_to_end.worker_process import Fleet, fleet_of
from tests.gateways.stripe_proxy import StripeProxy
from tests.workflow.stripe_system import StripeSystem


@pytest.fixture
async def fleet(
    database_url: str, temporal_server: TemporalServer, temporal_client: Client, tmp_path: Path
) -> AsyncIterator[Fleet]:
    """Fleet with fifty of TEA-1 in stock, and no labels for more than 100 units."""
    async with fleet_of(database_url, temporal_server, temporal_client, tmp_path) as given:
        await given.system.stock(TEA_1=500)
        yield given


@pytest.fixture(params=["at-once", "with-label"])
def paying(fleet: Fleet, stripe_server: StripeProxy, request: pytest.FixtureRequest) -> StripeFleet:
    """Fleet with charges at Stripe, in both ways of capturing."""
    return StripeFleet(fleet, StripeSystem(fleet.system.app, fleet.system.client, stripe_server), str(request.param))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, shared by all tests of the operators' page."""
    async with run_browser() as opened:
        yield opened
