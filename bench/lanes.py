"""Starts by processes that share the dispatcher's lanes, at a stand-in for Temporal in a process of its own."""

import asyncio
import itertools
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

import asyncpg
import orjson

from bench.growth_fill import let_readers_skip
from bench.log import bodies, fill_orders
from bench.orders_ours import settings_for
from bench.processes import tree_cpu_seconds
from bench.serving import Serving, serving
from bench.side import Figures, Ground, LeftOut, servers_cpu
from dispatcher.dispatcher import NAME
from dispatcher.triggers import TRIGGERS
from eventstore.consumer import lease_name
from eventstore.lane_reader import LANES
from eventstore.lease import Lease
from eventstore.looper import woken
from eventstore.model import NO_STREAM, NewEvent
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from order_streams.handling import order_codec
from settings import Settings
from worker import Role

_ORDERS: Final = 7_000  # with almost three starts each
_ORDERS_WHILE_KILLED: Final = 36_000
_BETWEEN_KILLS: Final = 3.0  # seconds
_LIMIT: Final = 600.0
_OWNERS: Final = """
select pid, count(*) from pg_locks where locktype = 'advisory' and granted and objsubid = 1
   and database = (select oid from pg_database where datname = current_database())
   and (classid::bigint << 32 | objid::bigint) = any ($1::bigint[]) group by pid"""
_REWIND: Final = "update eventstore.subscriptions set position = 0 where name = $1"
_POSITION: Final = "select position from eventstore.subscriptions where name = $1"


class Processes:
    """Processes with the dispatcher's role, each of which can be killed and replaced."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._settings, self._all = settings, stack
        self._running: list[tuple[Serving, AsyncExitStack]] = []
        self._ended = 0.0
        self.kills = 0

    async def start(self) -> None:
        stack = await self._all.enter_async_context(AsyncExitStack())
        [process] = await stack.enter_async_context(serving(self._settings, [[Role.DISPATCHER]]))
        self._running.append((process, stack))

    async def replace_oldest(self) -> None:
        """Kill -9 the process that has run for longest, and start another."""
        process, stack = self._running.pop(0)
        self._ended += tree_cpu_seconds(process.pid)
        self.kills += 1
        await stack.aclose()
        await self.start()

    def cpu_milliseconds(self) -> float:
        return 1000 * (self._ended + sum(tree_cpu_seconds(process.pid) for process, _ in self._running))


async def measure_one(ground: Ground) -> Figures:
    """One process that owns all lanes."""
    return await _measure(ground, 1, _ORDERS)


async def measure_two(ground: Ground) -> Figures:
    """Two processes."""
    return await _measure(ground, 2, _ORDERS)


async def measure_four(ground: Ground) -> Figures:
    """Four processes."""
    return await _measure(ground, 4, _ORDERS)


async def measure_killed(ground: Ground) -> Figures:
    """Four processes, of which one is killed and replaced every few seconds."""
    return await _measure(ground, 4, _ORDERS_WHILE_KILLED, killing=True)


async def _measure(ground: Ground, count: int, orders: int, *, killing: bool = False) -> Figures:
    """starts_per_s; processor time per start of the processes, the stand-in and PostgreSQL; lost, out_of_order, repeated."""
    try:
        from bench.temporal_stand_in import arrived, stand_in  # noqa: PLC0415
    except ImportError:
        raise LeftOut("needs grpcio, which `make bench` installs") from None
    await fill_orders(ground.database_url, ground.scaled(orders))
    await let_readers_skip(ground.database_url)
    async with stand_in() as (address, frontend), AsyncExitStack() as stack, _store(ground) as store:
        processes = Processes(settings_for(replace(ground, temporal_address=address)), stack)
        await asyncio.gather(*(processes.start() for _ in range(count)))
        await _until(lambda: _shared(store.pool, count))

        def used() -> dict[str, float]:
            servers = {name: spent for name, spent in servers_cpu().items() if name.startswith("database")}
            mine = {"cpu_ms": processes.cpu_milliseconds(), "stand_in_cpu_ms": tree_cpu_seconds(frontend) * 1000}
            return mine | servers

        before, began = used(), time.perf_counter()
        await _let_them_begin(store)
        done = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            if killing:
                group.create_task(_kill(processes, done))
            await _until(lambda: _at_end(store))
            took, after = time.perf_counter() - began, used()
            done.set()
        starts = await arrived(address)
        expected = await _expected(store)
    return {
        "starts_per_s": len(starts) / took,
        **{f"{name}_per_start": (after[name] - before[name]) / len(starts) for name in before},
        **_faults(starts, expected),
        "starts": len(starts),
        "kills": processes.kills,
    }


@asynccontextmanager
async def _store(ground: Ground) -> AsyncIterator[EventStore]:
    async with open_pool(ground.database_url, size=2) as pool:
        store = EventStore(pool, Wakeup(pool))
        yield store
        await store.wakeup.flush()


async def _let_them_begin(store: EventStore) -> None:
    """Rewind the dispatcher, and append one event: each process finds its lanes moved, and begins anew."""
    await store.pool.execute(_REWIND, NAME)
    type_, body = bodies()[0]
    data = orjson.loads(body.replace("@order", "last").replace("@customer", "c-1"))
    await store.append("order-last", [NewEvent(id=uuid.uuid4(), type=type_, data=data)], expected=NO_STREAM)


async def _kill(processes: Processes, done: asyncio.Event) -> None:
    while not done.is_set():
        await woken(done, _BETWEEN_KILLS)
        await processes.replace_oldest()


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_LIMIT):
        while not await holds():  # noqa: ASYNC110 – other processes change it
            await asyncio.sleep(0.05)


async def _shared(pool: asyncpg.Pool, count: int) -> bool:
    keys = [Lease("", f"{lease_name(NAME)}:{lane}").key for lane in range(LANES)]
    owned = [row["count"] for row in await pool.fetch(_OWNERS, keys)]
    return len(owned) == count and sum(owned) == LANES and max(owned) <= -(-LANES // count)


async def _at_end(store: EventStore) -> bool:
    return int(await store.pool.fetchval(_POSITION, NAME)) >= await store.head()


async def _expected(store: EventStore) -> dict[str, list[str]]:
    """Ids of the workflows of each stream, in the order in which its events start or signal them."""
    codec, position, found = order_codec(), 0, defaultdict[str, list[str]](list)
    while True:
        page = await store.read_all(after=position)
        for recorded in page.events:
            event = codec.decode(recorded)
            for trigger in TRIGGERS:
                if trigger.event_type == recorded.type and trigger.when(event):
                    found[recorded.stream].append(trigger.workflow_id(event))
        if not page.more:
            return found
        position = page.position


def _faults(starts: list[str], expected: dict[str, list[str]]) -> dict[str, float]:
    """lost: never started. out_of_order: started before an earlier workflow of the same stream. repeated: more starts than
    events ask for, which Temporal refuses."""
    first = {id_: number for number, id_ in reversed(list(enumerate(starts)))}
    streams = [list(dict.fromkeys(ids)) for ids in expected.values()]
    lost = sum(id_ not in first for ids in streams for id_ in ids)
    late = sum(
        first.get(later, 0) < first.get(earlier, 0) for ids in streams for earlier, later in itertools.pairwise(ids)
    )
    return {"lost": lost, "out_of_order": late, "repeated": len(starts) - sum(map(len, expected.values()))}
