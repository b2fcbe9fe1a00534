"""An outage of Temporal: orders wait, none is skipped, and all continue automatically after it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

import eventstore.looper
from dispatcher.dispatcher import Dispatcher
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import Trigger
from embedded.temporal import TemporalServer
from eventstore.consumer import ConsumerRunner
from eventstore.model import RecordedEvent
from orders.events import Event
from settings import Settings
from tests.integration.dispatcher_harness import Dispatching, Proxy, dispatching, impatient_client, proxy_to
from tests.running_system import until
from workflows.model import Outcome

STEPS_OF_A_LONG_OUTAGE = 1100  # of five seconds each: an hour and a half


@pytest.fixture
async def proxy(temporal_server: TemporalServer) -> AsyncIterator[Proxy]:
    async with proxy_to(temporal_server) as way:
        yield way


@pytest.fixture
async def through_proxy(temporal_server: TemporalServer, proxy: Proxy) -> Client:
    return await impatient_client(proxy.address, temporal_server.namespace)


@pytest.fixture
async def dispatching_through_proxy(
    database_url: str, temporal_client: Client, through_proxy: Client
) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client, through=through_proxy) as given:
        yield given


class Timed:
    """Consumer that records the times of its steps."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.name, self._dispatcher = dispatcher.name, dispatcher
        self.stepped: list[float] = []

    async def step(self) -> bool:
        self.stepped.append(time.monotonic())
        return await self._dispatcher.step()

    def pauses(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.stepped)]


class CutAfter(WorkflowStarter):
    """Disconnects Temporal after this number of started workflows."""

    def __init__(self, client: Client, settings: Settings, proxy: Proxy, starts: int) -> None:
        super().__init__(client, settings)
        self._proxy, self._left = proxy, starts

    async def _start(self, trigger: Trigger, event: Event, recorded: RecordedEvent) -> WorkflowHandle[object, Outcome]:
        handle = await super()._start(trigger, event, recorded)
        self._left -= 1
        if self._left == 0:
            self._proxy.cut()
        return handle


class Away:
    """Consumer that fails every step because Temporal is unreachable."""

    name = "away"

    def __init__(self) -> None:
        self.steps = 0
        self.enough = asyncio.Event()

    async def step(self) -> bool:
        self.steps += 1
        if self.steps > STEPS_OF_A_LONG_OUTAGE:
            self.enough.set()
        raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")


@asynccontextmanager
async def running(runner: ConsumerRunner) -> AsyncIterator[None]:
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def step_once_back(dispatcher: Dispatcher) -> None:
    """Step until the client's channel has reconnected."""

    async def stepped() -> bool:
        try:
            await dispatcher.step()
        except RPCError:
            return False
        return True

    await until(stepped, "Temporal answers again")


async def test_a_step_while_temporal_is_away_raises_and_orders_wait_until_it_is_back(
    dispatching_through_proxy: Dispatching, proxy: Proxy
) -> None:
    given = dispatching_through_proxy
    early = await given.system.place()
    await given.dispatcher.step()
    before = await given.position()
    proxy.cut()
    waiting = [await given.system.place() for _ in range(3)]
    for _ in range(2):
        with pytest.raises(RPCError):
            await given.dispatcher.step()
    assert await given.position() == before
    assert [await given.described(order_id) for order_id in waiting] == [{}] * 3
    await proxy.restore()
    await step_once_back(given.dispatcher)
    assert [set(await given.described(each)) for each in (early, *waiting)] == [{"validate-order"}] * 4
    assert await given.parked() == []
    assert await given.system.dispatched()


async def test_an_outage_in_the_middle_of_a_page_skips_none_and_repeats_none(
    dispatching_through_proxy: Dispatching, through_proxy: Client, proxy: Proxy
) -> None:
    given = dispatching_through_proxy
    starter = CutAfter(through_proxy, given.app.settings, proxy, starts=3)
    dispatcher = Dispatcher(given.app.store, given.app.codec, starter, bulk_places=1)
    order_ids = [await given.system.place() for _ in range(40)]
    with pytest.raises(RPCError):
        await dispatcher.step()
    assert await given.position() == 0
    before = {order_id: await given.run_ids(order_id) for order_id in order_ids}
    assert 3 <= sum(bool(runs) for runs in before.values()) < 40
    await proxy.restore()
    await step_once_back(dispatcher)
    after = {order_id: await given.run_ids(order_id) for order_id in order_ids}
    assert all(set(runs) == {"validate-order"} for runs in after.values())
    assert {order_id: runs for order_id, runs in before.items() if runs}.items() <= after.items()


async def test_a_running_dispatcher_tells_of_the_outage_waits_longer_each_time_and_recovers_by_itself(
    dispatching_through_proxy: Dispatching, proxy: Proxy
) -> None:
    given = dispatching_through_proxy
    timed = Timed(given.dispatcher)
    runner = given.app.runner(timed)
    async with running(runner):
        first = await given.system.place()
        await until(given.system.dispatched, "the first order is dispatched")
        proxy.cut()
        timed.stepped.clear()
        waiting = await given.system.place()

        async def a_long_pause() -> bool:
            return runner.last_error is not None and timed.pauses()[-1:] > [1.0]

        await until(a_long_pause, lambda: f"a pause of more than a second after {timed.pauses()}")
        assert runner.last_error is not None
        assert runner.last_error.startswith("RPCError: ")
        assert runner.owner
        await proxy.restore()
        await until(given.system.dispatched, "the order that waited is dispatched")
        assert [set(await given.described(each)) for each in (first, waiting)] == [{"validate-order"}] * 2

        async def well_again() -> bool:
            return runner.last_error is None

        await until(well_again, "the error is forgotten")


async def test_an_outage_of_hours_does_not_end_the_runner(
    dispatching_through_proxy: Dispatching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventstore.looper, "BACKOFF_FIRST", 0.0)
    away = Away()
    task = asyncio.create_task(dispatching_through_proxy.app.runner(away).run())
    enough = asyncio.create_task(away.enough.wait())
    try:
        await asyncio.wait([task, enough], return_when=asyncio.FIRST_COMPLETED)
        assert not task.done()
    finally:
        task.cancel()
        enough.cancel()
        await asyncio.gather(task, enough, return_exceptions=True)
