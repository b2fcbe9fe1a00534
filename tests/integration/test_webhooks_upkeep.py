"""Replays, deletion, restarts and refusals."""

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from temporalio.client import Client

from bootstrap import App
from eventstore.errors import CheckpointMoved
from tests.integration.webhooks_harness import Relaying, relaying_app
from tests.running_system import new_id
from webhooks import outbox
from webhooks import relay as relaying
from webhooks.deliveries import State
from webhooks.errors import (
    InvalidEndpoint,
    NotParked,
    ReplayRunning,
    UnknownDelivery,
    UnknownEndpoint,
)
from webhooks.steps import workflow_id
from webhooks.tidying import prune, wake_forgotten

# By deliveries_pkey: the changes that attempts make.
_ALL_DELIVERED = "update webhooks.deliveries set state = 'delivered', ended_at = clock_timestamp() - $1::interval"


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    async with relaying_app(database_url) as made:
        yield made


@pytest.fixture
async def relaying_(app: App, temporal_client: Client, monkeypatch: pytest.MonkeyPatch) -> Relaying:
    monkeypatch.setattr(relaying, "_IDLE", 0.0)
    return Relaying(app, app.relay(temporal_client), temporal_client)


async def test_a_replay_goes_on_where_it_was_and_waits_while_too_much_is_pending(
    relaying_: Relaying, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_PAGE", 10)
    monkeypatch.setattr(relaying, "_REPLAY_ROOM", 15)
    positions = [await relaying_.append(new_id()) for _ in range(60)]
    endpoint = await relaying_.add("order.*")
    started = await relaying_.app.endpoints.replay(endpoint, 1)
    assert (started.replay_after, started.replay_until) == (0, positions[-1])
    with pytest.raises(ReplayRunning):
        await relaying_.app.endpoints.replay(endpoint, 1)
    await relaying_.steps()
    assert len(await relaying_.deliveries(endpoint)) == 20, "the page that went past the limit was the last one"
    while (await relaying_.app.endpoints.get(endpoint)).replay_after is not None:
        await relaying_.app.pool.execute(_ALL_DELIVERED, timedelta())
        await Relaying(relaying_.app, relaying_.app.relay(relaying_.client), relaying_.client).steps()
    assert [row.position for row in await relaying_.deliveries(endpoint)] == positions


async def test_a_page_of_a_replay_is_taken_once_by_two_relays(relaying_: Relaying) -> None:
    """Both have read the row; the slower one finds it taken, and deliveries since keep their state."""
    endpoint = await relaying_.add("order.*")
    await relaying_.append(new_id())
    await relaying_.steps()
    await relaying_.app.endpoints.replay(endpoint, 1)
    [replay] = await outbox.replays(relaying_.app.pool)
    await relaying_.relay._replay(replay)
    await relaying_.app.pool.execute(_ALL_DELIVERED, timedelta())
    with pytest.raises(CheckpointMoved):
        await relaying_.app.relay(relaying_.client)._replay(replay)
    assert [row.state for row in await relaying_.deliveries(endpoint)] == [State.DELIVERED]


async def test_old_deliveries_are_deleted_in_batches_and_parked_ones_stay(relaying_: Relaying) -> None:
    endpoint = await relaying_.add("order.*")
    positions = [await relaying_.append(new_id()) for _ in range(5)]
    await relaying_.steps()
    await relaying_.app.deliveries.park(endpoint, positions[0], "for the test")
    await relaying_.app.deliveries.delivered(endpoint, positions[1], 200)
    old = "update webhooks.deliveries set state = 'delivered', ended_at = now() - interval '31 days' where state = 'pending'"
    await relaying_.app.pool.execute(old)
    await relaying_.app.pool.execute(
        "update webhooks.deliveries set ended_at = now() - interval '31 days' where state = 'parked'"
    )
    assert await prune(relaying_.app.pool, batch=2)
    assert not await prune(relaying_.app.pool, batch=2)
    assert [row.position for row in await relaying_.deliveries(endpoint)] == positions[:2]


async def test_deliveries_that_nobody_tries_are_signalled_anew(relaying_: Relaying) -> None:
    endpoint = await relaying_.add("order.*")
    order_id = new_id()
    await relaying_.append(order_id)
    await relaying_.append(order_id, "order.confirmed")
    await relaying_.steps()
    await relaying_.client.get_workflow_handle(workflow_id(endpoint, order_id)).terminate("by mistake")
    await wake_forgotten(relaying_.app.pool)
    await relaying_.steps()
    assert not await relaying_.is_started(endpoint, order_id), "it was signalled a moment ago"
    await wake_forgotten(relaying_.app.pool, signalled=timedelta(), due=timedelta())
    await relaying_.steps()
    assert await relaying_.is_started(endpoint, order_id)


async def test_what_cannot_be_done_is_refused_with_its_reason(relaying_: Relaying) -> None:
    endpoints, deliveries = relaying_.app.endpoints, relaying_.app.deliveries
    endpoint = await relaying_.add("order.*")
    position = await relaying_.append(new_id())
    await relaying_.steps()
    with pytest.raises(NotParked, match="is pending"):
        await deliveries.retry(f"{endpoint}.{position}")
    for unknown in ("ep_0.1", "nonsense", f"{endpoint}.{10**30}", f"{endpoint}.-1", "ep_0.１"):
        with pytest.raises(UnknownDelivery):
            await deliveries.retry(unknown)
    for act in (
        endpoints.get("ep_0"),
        endpoints.remove("ep_0"),
        endpoints.enable("ep_0"),
        endpoints.disable("ep_0", "x"),
        endpoints.rotate("ep_0"),
        endpoints.replay("ep_0", 1),
        endpoints.change("ep_0", topics=["*"]),
    ):
        with pytest.raises(UnknownEndpoint):
            await act
    bad: list[dict[str, Any]] = [
        {"topics": []},
        {"topics": ["order.lost"]},
        {"description": "x" * 513},
        {"description": "\x00"},
        {"url": "nonsense"},
    ]
    for changes in bad:
        with pytest.raises(InvalidEndpoint, match=f"^{next(iter(changes))}: "):
            await endpoints.change(endpoint, **changes)
    for start in (0, position + 1):
        with pytest.raises(InvalidEndpoint, match="from: must be a position from 1"):
            await endpoints.replay(endpoint, start)


async def test_pages_of_deliveries_go_by_their_last_id(relaying_: Relaying) -> None:
    first, second = await relaying_.add("order.*"), await relaying_.add("order.*")
    for _ in range(3):
        await relaying_.append(new_id())
    await relaying_.steps()
    seen: list[str] = []
    after: str | None = None
    while True:
        page = await relaying_.app.deliveries.list(limit=4, after=after)
        seen += [row.id for row in page.rows]
        if (after := page.after) is None:
            break
    assert len(seen) == len(set(seen)) == 6
    assert {id_.partition(".")[0] for id_ in seen} == {first, second}


async def test_the_database_keeps_no_delivery_of_an_endpoint_that_is_gone(relaying_: Relaying) -> None:
    endpoint = await relaying_.add()
    await relaying_.append(new_id())
    await relaying_.steps()
    await relaying_.app.endpoints.remove(endpoint)
    assert await relaying_.deliveries() == []
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await relaying_.app.pool.execute(
            "insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type)"
            " values ($1, 1, '', $2, '')",
            endpoint,
            uuid.uuid4(),
        )
