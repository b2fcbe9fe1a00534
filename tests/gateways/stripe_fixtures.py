"""Fixtures: one localstripe for a run, and an empty Stripe for each test."""

from collections.abc import AsyncIterator

import pytest

from gateways.stripe.api import StripeApi
from tests.gateways.local_stripe import API_KEY, LocalStripe, run_local_stripe
from tests.gateways.stripe_proxy import StripeProxy, run_stripe_proxy


@pytest.fixture(scope="session")
async def local_stripe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalStripe]:
    async with run_local_stripe(tmp_path_factory.mktemp("localstripe")) as server:
        yield server


@pytest.fixture
async def stripe_server(local_stripe: LocalStripe) -> AsyncIterator[StripeProxy]:
    """A proxy for Stripe at `address`; the books are in `behind`."""
    await local_stripe.empty()
    async with run_stripe_proxy(local_stripe) as proxy:
        yield proxy


@pytest.fixture
async def stripe_api(stripe_server: StripeProxy) -> AsyncIterator[StripeApi]:
    """A client of it, with time-outs for a busy machine."""
    api = StripeApi(API_KEY, stripe_server.address, timeout=60)
    yield api
    await api.close()
