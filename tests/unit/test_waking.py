"""A change that the payment provider reports wakes the order's run, where the order waits for its payment."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from application import paying
from eventstore.command_handler import Loaded
from orders.events import Event
from orders.evolve import fold
from tests.unit.orders.samples import CONFIRMED, FAILED, PAID, PENDING, PLACED, SHIPPED


@pytest.mark.parametrize(
    ("events", "wakes"),
    [
        ((PLACED,), False),
        ((PLACED, CONFIRMED), False),
        ((PLACED, CONFIRMED, FAILED), True),
        ((PLACED, CONFIRMED, PENDING), True),
        ((PLACED, CONFIRMED, PENDING, PAID), False),
        ((PLACED, CONFIRMED, PAID, SHIPPED), False),
    ],
)
def test_an_order_whose_payment_is_awaited_or_pending_is_woken(
    events: tuple[Event, ...], wakes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals: list[tuple[str, str]] = []

    def handle(workflow_id: str) -> Any:
        async def signal(name: str) -> None:
            signals.append((workflow_id, name))

        return SimpleNamespace(signal=signal)

    async def load(_: str) -> Loaded[Any]:
        return Loaded(fold(events), len(events), len(events), frozenset())

    async def reachable(client: Any) -> Any:
        return client

    async def id_in_use(*_: object) -> str:
        return "fulfill-order-o-1"

    monkeypatch.setattr(paying, "reachable", reachable)
    monkeypatch.setattr(paying, "id_in_use", id_in_use)
    orders, client = SimpleNamespace(load=load), SimpleNamespace(get_workflow_handle=handle)
    asyncio.run(paying.wake_if_waiting(cast(Any, orders), cast(Any, client), "o-1"))
    assert signals == ([("fulfill-order-o-1", "retry")] if wakes else [])
