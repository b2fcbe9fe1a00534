"""A running system whose steps the test can steer."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from tests.running_system import RunningSystem, running_system
from tests.workflow.steering import Steering


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def system(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    """System that declines above 100.00, has no labels for more than 100 units, and ten of TEA-1 in stock."""
    async with running_system(
        database_url,
        temporal_client,
        interceptors=[steering],
        payment_decline_above=100_00,
        shipping_unavailable_above=100,
    ) as running:
        await running.stock(TEA_1=10)
        yield running


@pytest.fixture
async def skipping(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    """As `system`, in virtual time: an hour's pause takes no real time."""
    client = TimeSkipper(temporal_client).client
    async with running_system(
        database_url, client, interceptors=[steering], payment_decline_above=100_00, shipping_unavailable_above=100
    ) as running:
        await running.stock(TEA_1=10)
        yield running
