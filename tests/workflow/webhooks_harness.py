"""A running system that delivers webhooks to receivers of the test, with retries after moments instead of seconds."""

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy

from tests.running_system import RunningSystem, until
from tests.webhook_receiver import Receiver
from webhooks import options
from webhooks.deliveries import Delivery, State
from webhooks.endpoints import Endpoint

QUICKLY = RetryPolicy(
    initial_interval=timedelta(milliseconds=20), backoff_coefficient=1.2, maximum_interval=timedelta(milliseconds=200)
)
ALL_OF_AN_ORDER = [
    "order.placed",
    "order.confirmed",
    "order.paid",
    "order.shipped",
    "notifications.shipment",
    "analytics.revenue",
]


def hurry(monkeypatch: pytest.MonkeyPatch, *, keep_trying: timedelta = timedelta(minutes=5)) -> None:
    """Set retries to moments, for `keep_trying`."""
    monkeypatch.setattr(options, "ATTEMPTS", QUICKLY)
    monkeypatch.setattr(options, "KEEP_TRYING", keep_trying)
    monkeypatch.setattr(options, "AT_LEAST", min(keep_trying, options.AT_LEAST))


async def subscribed(system: RunningSystem, receiver: Receiver, *topics: str) -> tuple[Endpoint, str]:
    return await system.app.endpoints.add(receiver.url, topics or ("*",))


async def received(receiver: Receiver, order_id: str, count: int, seconds: float = 120) -> None:
    async def all_there() -> bool:
        return len(receiver.of(order_id)) >= count

    await until(all_there, f"{count} webhooks of {order_id}", seconds)


async def deliveries(system: RunningSystem, endpoint: Endpoint, state: State | None = None) -> list[Delivery]:
    """Deliveries of the endpoint, in the order of their events."""
    page = await system.app.deliveries.list(endpoint_id=endpoint.id, state=state, limit=10_000)
    return page.rows[::-1]


async def count_is(system: RunningSystem, endpoint: Endpoint, state: State, count: int, seconds: float = 30) -> None:
    async def counted() -> bool:
        return len(await deliveries(system, endpoint, state)) == count

    await until(counted, f"{count} deliveries {state}", seconds)
