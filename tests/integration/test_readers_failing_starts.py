"""A start that alone keeps failing, with any status, is parked after some rounds; an outage parks none."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from dispatcher.dispatcher import Dispatcher
from eventstore.failing_alone import ROUNDS
from tests.integration.dispatcher_harness import Dispatching, dispatching
from tests.integration.refusing_temporal import Refusing
from tests.integration.webhooks_harness import Relaying, relaying_app
from tests.running_system import new_id
from webhooks import relay as relaying

STATUSES = (
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.UNKNOWN,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.PERMISSION_DENIED,
)
OUTAGE = 4 * ROUNDS


@pytest.fixture
async def given(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as opened:
        yield opened


async def failing_steps(dispatcher: Dispatcher, count: int) -> None:
    for _ in range(count):
        with pytest.raises(RPCError):
            await dispatcher.step()


async def started(given: Dispatching, *order_ids: str) -> list[bool]:
    return ["validate-order" in await given.described(order_id) for order_id in order_ids]


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: status.name)
async def test_an_event_whose_start_alone_fails_is_parked_and_its_neighbours_go_on(
    given: Dispatching, temporal_client: Client, status: RPCStatusCode
) -> None:
    before, failing, after = [await given.system.place() for _ in range(3)]
    refusing = Refusing(lambda id_: failing in id_, status)
    dispatcher = given.app.dispatcher(refusing.client(temporal_client), eager=False)
    await failing_steps(dispatcher, 1)
    assert await started(given, before, failing, after) == [True, False, True]
    late = await given.system.place()
    await failing_steps(dispatcher, ROUNDS - 2)
    assert await started(given, late) == [True]
    assert await given.parked() == []
    await dispatcher.step()
    [parked] = await given.parked()
    assert parked.stream == f"order-{failing}"
    assert status.name in parked.reason
    assert await given.system.dispatched()
    assert await given.dispatcher.retry(parked.position)
    assert await started(given, failing) == [True]


async def test_a_failing_event_without_neighbours_waits_for_a_start_that_is_taken(
    given: Dispatching, temporal_client: Client
) -> None:
    failing = await given.system.place()
    dispatcher = given.app.dispatcher(Refusing(lambda id_: failing in id_).client(temporal_client), eager=False)
    await failing_steps(dispatcher, OUTAGE)
    assert await given.parked() == []
    neighbour = await given.system.place()
    await failing_steps(dispatcher, ROUNDS - 1)
    await dispatcher.step()
    assert await started(given, neighbour, failing) == [True, False]
    assert len(await given.parked()) == 1


@pytest.mark.parametrize("taken", [0, 3], ids=["from the start", "in the midst of a page"])
async def test_an_outage_that_fails_every_start_parks_none(
    given: Dispatching, temporal_client: Client, taken: int
) -> None:
    order_ids = [await given.system.place() for _ in range(40)]
    seen: list[str] = []

    def refuses(workflow: str) -> bool:
        seen.append(workflow)
        return len(seen) > taken

    refusing = Refusing(refuses)
    dispatcher = given.app.dispatcher(refusing.client(temporal_client), eager=False)
    await failing_steps(dispatcher, OUTAGE)
    assert await given.parked() == []
    assert await given.position() == 0
    refusing.refuses = lambda workflow: False
    await dispatcher.step()
    assert all(await started(given, *order_ids))
    assert await given.parked() == []


async def test_a_failing_event_does_not_hold_up_events_beyond_its_page(
    given: Dispatching, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.dispatcher._PAGE", 5)
    failing, *neighbours = [await given.system.place() for _ in range(15)]
    dispatcher = given.app.dispatcher(Refusing(lambda id_: failing in id_).client(temporal_client), eager=False)
    await failing_steps(dispatcher, ROUNDS - 1)
    assert sum(await started(given, *neighbours)) == 8
    while await dispatcher.step():
        pass
    assert all(await started(given, *neighbours))
    assert len(await given.parked()) == 1


async def test_the_relay_parks_deliveries_whose_start_alone_fails_and_none_in_an_outage(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_IDLE", 0.0)
    async with relaying_app(database_url) as app:
        refusing = Refusing(lambda id_: True)
        relay = app.relay(refusing.client(temporal_client))
        given = Relaying(app, relay, temporal_client)
        endpoint_id, failing, neighbour = await given.add("*"), new_id(), new_id()
        position = await given.append(failing)
        await given.append(neighbour)
        for _ in range(OUTAGE):
            with pytest.raises(RPCError):
                await relay.step()
        assert {row.state for row in await given.deliveries()} == {"pending"}
        refusing.refuses = lambda id_: failing in id_
        for _ in range(ROUNDS - 1):
            with pytest.raises(RPCError):
                await relay.step()
        await given.steps()
        assert [row.position for row in await given.deliveries() if row.state == "parked"] == [position]
        assert await given.is_started(endpoint_id, neighbour)
