"""One owner per reader: a standby takes over within five seconds of the owner's end, and skips no event."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from eventstore.checkpoints import advance, open_checkpoint
from eventstore.consumer import ConsumerRunner
from eventstore.model import ANY
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import (
    Collector,
    collected,
    connected,
    create_collected,
    events,
    eventually,
    lease_holders,
    stepping,
)

TAKE_OVER = 5.0
FROZEN_OWNER = 15.0
ROOT = Path(__file__).resolve().parents[2]
_TWO_ASKED = """
select count(*) = 2 from pg_stat_activity
 where datname = current_database() and query like '%advisory%' and pid <> pg_backend_pid()"""
OWNER_PROCESS = """
import asyncio, sys
import asyncpg
from eventstore.consumer import ConsumerRunner
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import Collector

async def main(dsn):
    async with asyncpg.create_pool(dsn, min_size=1) as pool:
        collector = Collector(EventStore(pool, Wakeup(pool)))
        runner = ConsumerRunner(collector, dsn=dsn, wakeup=collector.store.wakeup, poll=0.05)
        running = asyncio.create_task(runner.run())
        await collector.until(1)
        print("owns", flush=True)
        await running

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture
async def store(pool: asyncpg.Pool, database_url: str) -> EventStore:
    await create_collected(database_url)
    return EventStore(pool, Wakeup(pool))


def running(collector: Collector, database_url: str) -> AbstractAsyncContextManager[ConsumerRunner]:
    return stepping(ConsumerRunner(collector, dsn=database_url, wakeup=collector.store.wakeup, poll=0.05))


async def test_given_two_runners_when_events_come_then_one_owns_the_name_and_the_other_stands_by(
    store: EventStore, database_url: str
) -> None:
    first, second = Collector(store), Collector(store)
    async with running(first, database_url) as owner:
        await eventually("the first owns", lambda: owner.owner)
        async with running(second, database_url) as standby, connected(database_url) as observer:
            await store.append("counter-1", events(3), expected=ANY)
            await first.until(3)
            assert not standby.owner
            assert len(await lease_holders(observer, "collector")) == 1
    assert second.attempts == 0


async def test_given_two_names_when_run_then_each_has_its_own_owner(store: EventStore, database_url: str) -> None:
    async with (
        running(Collector(store, "one"), database_url) as one,
        running(Collector(store, "two"), database_url) as two,
    ):
        await eventually("both own", lambda: one.owner and two.owner)


async def test_given_an_owner_that_stops_when_a_standby_waits_then_it_takes_over(
    store: EventStore, database_url: str
) -> None:
    second = Collector(store)
    async with running(Collector(store), database_url) as owner:
        await eventually("the first owns", lambda: owner.owner)
        standby = running(second, database_url)
        taken = await standby.__aenter__()
    assert not owner.owner
    await eventually("the standby owns", lambda: taken.owner, within=TAKE_OVER)
    await standby.__aexit__(None, None, None)


async def test_given_the_owners_lease_connection_is_killed_then_the_standby_takes_over_and_nothing_is_skipped(
    store: EventStore, database_url: str
) -> None:
    first, second = Collector(store), Collector(store)
    async with running(first, database_url) as owner, connected(database_url) as admin:
        await eventually("the first owns", lambda: owner.owner)
        async with running(second, database_url) as standby:
            await store.append("counter-1", events(3), expected=ANY)
            await first.until(3)
            (holder,) = await lease_holders(admin, "collector")

            assert await admin.fetchval("select pg_terminate_backend($1, 5000)", holder)

            await eventually("the standby owns", lambda: standby.owner, within=TAKE_OVER)
            await eventually("the first has noticed", lambda: not owner.owner, within=TAKE_OVER)
            await store.append("counter-1", events(3), expected=ANY)
            await second.until(3)
    assert await collected(store.pool) == [1, 2, 3, 4, 5, 6]
    assert [event.position for event in second.seen] == [4, 5, 6]


async def test_given_the_owners_process_is_killed_then_the_standby_takes_over_and_nothing_is_skipped(
    store: EventStore, database_url: str
) -> None:
    await store.append("counter-1", events(3), expected=ANY)
    async with owner_process(database_url) as process:
        second = Collector(store)
        async with running(second, database_url) as standby, connected(database_url) as admin:
            await eventually("both ask for the lease", lambda: admin.fetchval(_TWO_ASKED))
            assert not standby.owner

            process.kill()

            await eventually("the standby owns", lambda: standby.owner, within=TAKE_OVER)
            await store.append("counter-1", events(2), expected=ANY)
            await second.until(2)
    assert await collected(store.pool) == [1, 2, 3, 4, 5]


async def test_given_the_owners_process_is_frozen_then_the_standby_takes_over_and_nothing_is_handled_twice_after_it_goes_on(
    store: EventStore, database_url: str
) -> None:
    await store.append("counter-1", events(3), expected=ANY)
    async with owner_process(database_url) as process:
        second = Collector(store)
        async with running(second, database_url) as standby, connected(database_url) as admin:
            await eventually("both ask for the lease", lambda: admin.fetchval(_TWO_ASKED))

            process.send_signal(signal.SIGSTOP)

            await eventually("the standby owns", lambda: standby.owner, within=FROZEN_OWNER)
            await store.append("counter-1", events(2), expected=ANY)
            await second.until(2)

            process.send_signal(signal.SIGCONT)
            await line(process, b"lost its lease")
            await store.append("counter-1", events(2), expected=ANY)
            await second.until(4)
            assert standby.owner
    assert await collected(store.pool) == [1, 2, 3, 4, 5, 6, 7]


@asynccontextmanager
async def owner_process(database_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that owns the name, once it has handled its first event."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER_PROCESS, database_url, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        await line(process, b"owns\n")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process, wanted: bytes) -> None:
    """Read the output of the process up to a line with these bytes."""
    assert process.stdout is not None
    read = b""
    async with asyncio.timeout(60):
        while wanted not in (last := await process.stdout.readline()):
            read += last
            assert last, f"{wanted!r} was not printed, but {read!r}"


async def test_given_a_step_that_raises_when_run_then_it_is_tried_again_and_nothing_is_skipped(
    store: EventStore, database_url: str
) -> None:
    await store.append("counter-1", events(3), expected=ANY)
    collector = Collector(store, failures=2)
    async with running(collector, database_url) as runner:
        await eventually("the failure is recorded", lambda: "on fire" in (runner.last_error or ""))
        assert collector.seen == []
        await collector.until(3)
        await eventually("the failure is forgotten", lambda: runner.last_error is None)
    assert [event.position for event in collector.seen] == [1, 2, 3]
    assert await collected(store.pool) == [1, 2, 3]


async def test_given_a_checkpoint_moved_by_another_runner_when_run_then_the_step_is_undone_and_goes_on_from_there(
    store: EventStore, database_url: str
) -> None:
    class Overtaken(Collector):
        async def step(self) -> bool:
            if self.attempts == 0:
                position = await open_checkpoint(store.pool, self.name)
                await advance(store.pool, self.name, position, 2)
                self.attempts += 1
                await advance(store.pool, self.name, position, 3)
            return await super().step()

    await store.append("counter-1", events(3), expected=ANY)
    collector = Overtaken(store)
    async with running(collector, database_url) as runner:
        await collector.until(1)
        assert runner.last_error is None
    assert await collected(store.pool) == [3]


async def test_given_no_database_when_run_then_the_runner_stands_by_and_tells_why(store: EventStore) -> None:
    async with running(Collector(store), "postgresql://nobody@/nowhere?host=/nowhere") as runner:
        await eventually("the reason is recorded", lambda: runner.last_error is not None)
        assert not runner.owner
