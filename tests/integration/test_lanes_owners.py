"""Owners of the lanes of a divided reader: shared out evenly, within 15 s of a process that joins or ends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import asyncpg
import pytest

from eventstore import lane_runner
from eventstore.consumer import ConsumerRunner
from eventstore.lane_reader import LANES
from eventstore.lane_runner import LaneRunner
from eventstore.lease import Lease
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import connected, eventually, lease_holders, stepping
from tests.integration.lanes_harness import NAME, LaneCollector, append_to_all, every, running, versions

REBALANCED = 15.0
_LANE_OWNERS = """
select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1
   and database = (select oid from pg_database where datname = current_database())
   and (classid::bigint << 32 | objid::bigint) = $1"""


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@asynccontextmanager
async def processes(
    store: EventStore, database_url: str, count: int
) -> AsyncIterator[tuple[list[LaneCollector], list[LaneRunner], list[AsyncExitStack]]]:
    """Runners that share all lanes; a stack for each, whose end is the end of the process."""
    async with AsyncExitStack() as all_of_them:
        collectors = [LaneCollector(store.pool) for _ in range(count)]
        stacks = [await all_of_them.enter_async_context(AsyncExitStack()) for _ in collectors]
        runners = [
            await stack.enter_async_context(running(collector, database_url))
            for stack, collector in zip(stacks, collectors, strict=True)
        ]
        await balanced(runners)
        yield collectors, runners, stacks


async def balanced(runners: Sequence[LaneRunner]) -> None:
    """Each lane has one owner, and no process more than its share."""
    most = -(-LANES // len(runners))

    def is_so() -> bool:
        owned = sorted(lane for runner in runners for lane in runner.lanes)
        return owned == list(range(LANES)) and all(len(runner.lanes) <= most for runner in runners)

    await eventually(f"{len(runners)} processes share the lanes", is_so, REBALANCED)


async def seen(collectors: Sequence[LaneCollector], events: int) -> None:
    """So many events were seen, by all collectors together; a lane's next owner may repeat the last page of the one before."""

    def all_seen() -> bool:
        return len({event.position for each in collectors for event in each.seen}) >= events

    await eventually(f"{events} events are seen", all_seen)


async def test_lanes_are_shared_out_evenly_as_processes_join_and_leave(store: EventStore, database_url: str) -> None:
    async with processes(store, database_url, 1) as (_, [first], _):
        assert first.owner
        async with processes_joined(store, database_url, first, 3) as four:
            await balanced(four)
        await balanced([first])


@asynccontextmanager
async def processes_joined(
    store: EventStore, database_url: str, first: LaneRunner, count: int
) -> AsyncIterator[list[LaneRunner]]:
    async with AsyncExitStack() as stack:
        joined = [
            await stack.enter_async_context(running(LaneCollector(store.pool), database_url)) for _ in range(count)
        ]
        yield [first, *joined]


async def test_no_event_is_skipped_and_streams_stay_in_order_while_processes_join_and_leave(
    store: EventStore, database_url: str
) -> None:
    async with processes(store, database_url, 2) as (collectors, [first, second], [leaving, _]):
        await append_to_all(store)
        joined = LaneCollector(store.pool)
        async with running(joined, database_url) as third:
            await append_to_all(store)
            await balanced([first, second, third])
            await append_to_all(store)
            await leaving.aclose()
            await append_to_all(store)
            await balanced([second, third])
            await append_to_all(store)
            await seen([*collectors, joined], 5 * len(every(1)))
    assert {name: sorted(set(found)) for name, found in versions(*collectors, joined).items()} == every(5)
    for collector in (*collectors, joined):
        assert all(found == sorted(found) for found in versions(collector).values())


async def test_a_killed_sessions_lanes_have_a_new_owner_and_nothing_is_skipped(
    store: EventStore, database_url: str
) -> None:
    async with processes(store, database_url, 2) as ([one, two], [first, second], _), connected(database_url) as admin:
        await append_to_all(store)
        await seen([one, two], len(every(1)))
        lost = set(first.lanes)
        [holder] = await admin.fetch(_LANE_OWNERS, Lease("", f"consumer:{NAME}:{min(lost)}").key)
        assert await admin.fetchval("select pg_terminate_backend($1, 5000)", holder["pid"])
        await eventually("the killed owner has noticed", lambda: set(first.lanes) != lost, REBALANCED)
        await append_to_all(store)
        await balanced([first, second])
        await seen([one, two], 2 * len(every(1)))
    assert {name: sorted(set(found)) for name, found in versions(one, two).items()} == every(2)


async def test_a_step_that_hangs_keeps_its_lanes_from_other_processes_for_seconds_only(
    store: EventStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_runner, "_HAND_OVER", 0.2)
    async with processes(store, database_url, 1) as ([hanging], [first], _):
        hanging.hangs = True
        await append_to_all(store)
        other = LaneCollector(store.pool)
        async with running(other, database_url) as second:
            await balanced([first, second])
            await eventually("the given lanes go on", lambda: len(other.streams) == len(every(1)) // 2)
            hanging.hangs = False
            await first_step_again(hanging)
    assert versions(hanging, other) == every(1)


async def first_step_again(hanging: LaneCollector) -> None:
    """The runner's own step still hangs: the lanes that it kept are read by hand, as after its restart."""
    hanging.reader.reopen()
    await hanging.step()


class Undivided(LaneCollector):
    """The reader of a program that knows no lanes: one checkpoint and one lease."""

    async def step(self) -> bool:
        position = await self.pool.fetchval("select position from eventstore.subscriptions where name = $1", NAME)
        page = await EventStore(self.pool, Wakeup(self.pool)).read_all(after=position or 0)
        self.seen += page.events
        await self.pool.execute(
            "insert into eventstore.subscriptions (name, position) values ($1, $2) "
            "on conflict (name) do update set position = excluded.position",
            NAME,
            page.position,
        )
        return page.more


def running_undivided(collector: Undivided, database_url: str) -> AbstractAsyncContextManager[ConsumerRunner]:
    return stepping(ConsumerRunner(collector, dsn=database_url, wakeup=Wakeup(collector.pool), poll=0.05))


async def test_lanes_wait_for_the_end_of_a_program_that_knows_none_and_go_on_from_its_checkpoint(
    store: EventStore, database_url: str
) -> None:
    old, new = Undivided(store.pool), LaneCollector(store.pool)
    async with AsyncExitStack() as stack:
        async with running_undivided(old, database_url) as before:
            await eventually("the program without lanes owns the reader", lambda: before.owner)
            lanes = await stack.enter_async_context(running(new, database_url))
            await append_to_all(store)
            await seen([old], len(every(1)))
            assert not lanes.lanes
            assert new.seen == []
        await balanced([lanes])
        await append_to_all(store)
        await seen([old, new], 2 * len(every(1)))
    assert versions(old, new) == every(2)


async def test_a_program_that_knows_no_lanes_stands_by_while_lanes_are_owned_and_skips_nothing_after_them(
    store: EventStore, database_url: str
) -> None:
    old = Undivided(store.pool)
    async with AsyncExitStack() as stack:
        async with processes(store, database_url, 2) as (collectors, _, _), connected(database_url) as observer:
            before = await stack.enter_async_context(running_undivided(old, database_url))
            await append_to_all(store)
            await seen(collectors, len(every(1)))
            assert not before.owner
            assert len(await lease_holders(observer, NAME)) == 2
        await eventually("it owns the reader", lambda: before.owner)
        await append_to_all(store)
        await eventually("it has seen the rest", lambda: old.streams == set(every(1)))
    assert {name: sorted(set(found)) for name, found in versions(*collectors, old).items()} == every(2)
