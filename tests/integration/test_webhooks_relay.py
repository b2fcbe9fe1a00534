"""From the log to deliveries and signals, stepped by hand, without a worker."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from bootstrap import App
from embedded.temporal import TemporalServer
from eventstore.checkpoints import open_checkpoint
from eventstore.errors import CheckpointMoved
from eventstore.model import ANY, NewEvent
from tests.integration.dispatcher_harness import impatient_client, proxy_to
from tests.integration.webhooks_harness import URL, Relaying, relaying_app
from tests.running_system import new_id
from webhooks import relay as relaying
from webhooks.endpoints import READER
from webhooks.relay import Relay
from webhooks.steps import workflow_id


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[App]:
    async with relaying_app(database_url) as made:
        yield made


@pytest.fixture
async def relaying_(app: App, temporal_client: Client, monkeypatch: pytest.MonkeyPatch) -> Relaying:
    monkeypatch.setattr(relaying, "_IDLE", 0.0)
    return Relaying(app, app.relay(temporal_client), temporal_client)


async def test_an_event_becomes_a_delivery_for_each_endpoint_that_wants_it(relaying_: Relaying) -> None:
    everything, events, one, message = [
        await relaying_.add(topic) for topic in ("*", "order.*", "order.shipped", "notifications.shipment")
    ]
    order_id = new_id()
    placed = await relaying_.append(order_id)
    shipped = await relaying_.append(order_id, "order.shipped")
    published = await relaying_.append(order_id, "notifications.shipment", stream="notifications.shipment")
    await relaying_.steps()
    found = {
        id_: [row.position for row in await relaying_.deliveries(id_)] for id_ in (everything, events, one, message)
    }
    assert found == {
        everything: [placed, shipped, published],
        events: [placed, shipped],
        one: [shipped],
        message: [published],
    }
    assert {row.order_id for row in await relaying_.deliveries()} == {order_id}
    for id_ in found:
        assert await relaying_.is_started(id_, order_id)


async def test_without_endpoints_it_looks_once_in_a_while_and_writes_nothing_but_its_checkpoint(
    app: App, temporal_client: Client
) -> None:
    idle = Relaying(app, app.relay(temporal_client), temporal_client)
    first = await idle.append(new_id())
    assert not await idle.relay.step()
    assert await open_checkpoint(app.pool, READER) == first
    await idle.append(new_id())
    assert not await idle.relay.step()
    assert await open_checkpoint(app.pool, READER) == first, "the second step did not even ask the database"
    assert await idle.deliveries() == []


async def test_what_is_committed_and_not_signalled_is_found_again(
    app: App, temporal_server: TemporalServer, temporal_client: Client
) -> None:
    """Temporal is away between commit and signal, and the relay of that commit never runs again."""
    async with proxy_to(temporal_server) as proxy:
        through = await impatient_client(proxy.address, temporal_server.namespace)
        cut_off = Relaying(app, app.relay(through), temporal_client)
        endpoint = await cut_off.add()
        proxy.cut()
        order_id = new_id()
        position = await cut_off.append(order_id)
        with pytest.raises(RPCError):
            await cut_off.relay.step()
    assert await open_checkpoint(app.pool, READER) == position, "the checkpoint is behind it"
    assert [row.position for row in await cut_off.deliveries(endpoint)] == [position]
    assert not await cut_off.is_started(endpoint, order_id)
    successor = Relaying(app, app.relay(temporal_client), temporal_client)
    await successor.steps()
    assert await successor.is_started(endpoint, order_id)


async def test_two_relays_at_once_make_each_delivery_once(relaying_: Relaying) -> None:
    endpoint = await relaying_.add("order.*")
    positions = [await relaying_.append(new_id()) for _ in range(30)]

    async def run(relay: Relay) -> None:
        while await open_checkpoint(relaying_.app.pool, READER) < positions[-1]:
            with suppress(CheckpointMoved):
                await relay.step()

    await asyncio.gather(run(relaying_.relay), run(relaying_.app.relay(relaying_.client)))
    assert [row.position for row in await relaying_.deliveries(endpoint)] == positions


async def test_an_endpoint_that_is_added_while_events_flow_misses_none(relaying_: Relaying) -> None:
    """Either the relay passes events over first or the endpoint is added first: events after its start are delivered."""
    written: list[int] = []
    writing = True

    async def write() -> None:
        while writing:
            written.append(await relaying_.append(new_id()))

    async def pass_over() -> None:
        while writing:
            await relaying_.relay._process_page()

    async def add_and_remove() -> None:
        nonlocal writing
        for _ in range(25):
            endpoint, _ = await relaying_.app.endpoints.add(URL, ["order.*"])
            await asyncio.sleep(0.01)
            await relaying_.app.endpoints.disable(endpoint.id, "for the test")
        writing = False

    await asyncio.gather(write(), write(), pass_over(), add_and_remove())
    for endpoint in await relaying_.app.endpoints.all():
        assert endpoint.disabled_after is not None
        wanted = [p for p in sorted(written) if endpoint.starts_after < p <= endpoint.disabled_after]
        assert [row.position for row in await relaying_.deliveries(endpoint.id)] == wanted


async def test_strange_events_stop_nobody(relaying_: Relaying) -> None:
    """Events written by other programs: a message without a subject, one in the wrong stream, an order's event of a newer
    type."""
    endpoint = await relaying_.add()
    store, order_id = relaying_.app.store, new_id()
    unaddressed = NewEvent(uuid.uuid4(), "analytics.revenue", {"subject": ["x"]}, {})
    await store.append("analytics.revenue", [unaddressed], expected=ANY)
    await relaying_.append(order_id, "analytics.revenue", stream="elsewhere")
    await relaying_.append(order_id, "order.placed", stream="elsewhere")
    await relaying_.append(order_id, "stock.counted", stream="stock-1")
    future = await relaying_.append(order_id, "order.teleported")
    await relaying_.steps()
    found = [(row.order_id, row.event_type) for row in await relaying_.deliveries(endpoint)]
    assert found == [("analytics.revenue", "analytics.revenue"), (order_id, "order.teleported")]
    assert await open_checkpoint(relaying_.app.pool, READER) == future


async def test_an_order_that_is_under_way_is_not_signalled_again(relaying_: Relaying) -> None:
    """A workflow with pending deliveries reads further ones by itself: signals would double the cost."""
    endpoint = await relaying_.add("order.*")
    order_id = new_id()
    for event_type in ("order.placed", "order.confirmed", "order.paid"):
        await relaying_.append(order_id, event_type)
        await relaying_.steps()
    handle = relaying_.client.get_workflow_handle(workflow_id(endpoint, order_id))
    signals = [
        event
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert len(signals) == 1
    assert await relaying_.app.pool.fetch("select from webhooks.deliveries where signalled_at is null") == []


async def test_a_disabled_endpoint_is_passed_over_while_another_listens(relaying_: Relaying) -> None:
    disabled, listening = await relaying_.add("order.*"), await relaying_.add("order.*")
    await relaying_.app.endpoints.disable(disabled, "for the test")
    position = await relaying_.append(new_id())
    await relaying_.steps()
    assert [(row.endpoint_id, row.position) for row in await relaying_.deliveries()] == [(listening, position)]
    assert await relaying_.app.endpoints.enable(disabled) == position
