"""One table of parked events, beside programs of the version before, whose statements name dispatcher.parked and
projections.parked."""

import uuid
from pathlib import Path
from typing import Final

from asyncpg.pool import PoolConnectionProxy

from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.migrate import migrate, migration_folders
from eventstore.model import ANY
from eventstore.parking import Parking, parked_counts
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.ids import stream_name
from tests.integration.projections_harness import SHIPPED, happens, history
from tests.integration.rights_harness import Deployment, database, execute, only_migrations_before
from tests.unit.projection_samples import CODEC

ONE_TABLE: Final = "20261202010000"
READ_MODEL: Final = "order-dashboard"
# The statements of the version before, word by word.
PARK: Final = """
insert into dispatcher.parked as p (position, event_id, event_type, stream, reason) values ($1, $2, $3, $4, $5)
on conflict (position) do update
set reason = excluded.reason, attempts = p.attempts + 1, last_attempt_at = clock_timestamp()"""
LIST_PARKED: Final = """
select position, event_type, stream, reason, attempts, parked_at, last_attempt_at
  from dispatcher.parked where position > $1 order by position limit $2"""
IS_PARKED: Final = "select exists (select from dispatcher.parked where position = $1)"
COUNT_PARKED: Final = "select count(*) from dispatcher.parked"
REMOVE_PARKED: Final = "delete from dispatcher.parked where position = $1"
PARKED_POSITIONS: Final = "select position from dispatcher.parked where position = any ($1::bigint[])"
FOLD_PARKED: Final = """
select p.projection, p.position, s.name, e.version, e.type, p.reason, p.at from projections.parked p
  join eventstore.events e using (position) join eventstore.streams s using (stream_id)
 where p.projection = $1 and p.position > $2 order by p.position limit $3"""
FOLD_COUNTS: Final = "select projection, count(*) from projections.parked group by projection"
FOLD_PARK: Final = """
insert into projections.parked (projection, position, reason) select $1, * from unnest($2::bigint[], $3::text[])
    on conflict (projection, position) do update set reason = excluded.reason, at = excluded.at"""
FOLD_DROP: Final = "delete from projections.parked where projection = $1"
FOLD_MOVE: Final = "update projections.parked set projection = $2 where projection = $1"
FOLD_REASONS: Final = "select position, reason from projections.parked where projection = $1 order by position"


class Before:
    """A program of the version before: one session of the application's role, which keeps its prepared statements."""

    def __init__(self, connection: PoolConnectionProxy) -> None:
        self._connection = connection

    async def park(self, position: int, reason: str) -> None:
        await self._connection.execute(PARK, position, uuid.UUID(int=position), "order.placed", "order-o-1", reason)

    async def fold_park(self, name: str, *positions: int, reason: str = "refused") -> None:
        await self._connection.execute(FOLD_PARK, name, positions, [reason] * len(positions))

    async def parked(self) -> list[tuple[int, str, int]]:
        """Position, reason and attempts of the dispatcher's parked events, and the same by its other statements."""
        rows = await self._connection.fetch(LIST_PARKED, 0, 100)
        positions = [row["position"] for row in rows]
        assert await self._connection.fetchval(COUNT_PARKED) == len(rows)
        assert [row[0] for row in await self._connection.fetch(PARKED_POSITIONS, positions)] == positions
        assert all([await self._connection.fetchval(IS_PARKED, position) for position in positions])
        assert {(row["event_type"], row["stream"]) for row in rows} <= {("order.placed", "order-o-1")}
        return [(row["position"], row["reason"], row["attempts"]) for row in rows]

    async def fold_parked(self, name: str) -> dict[int, str]:
        """Reasons of a projection's parked events by position, and the same by its other statements."""
        reasons = {row["position"]: row["reason"] for row in await self._connection.fetch(FOLD_REASONS, name)}
        listed = await self._connection.fetch(FOLD_PARKED, name, 0, 100)
        assert {row["position"]: row["reason"] for row in listed} == reasons
        counts = {row[0]: row[1] for row in await self._connection.fetch(FOLD_COUNTS)}
        assert counts.get(name, 0) == len(reasons)
        return reasons

    async def remove(self, position: int) -> None:
        await self._connection.execute(REMOVE_PARKED, position)

    async def rebuild(self, name: str, *positions: int) -> None:
        """Park these events in a rebuild, and give them to the projection."""
        rebuilt = f"{name}:rebuild"
        await self._connection.execute(FOLD_DROP, rebuilt)
        await self.fold_park(rebuilt, *positions, reason="by the rebuild")
        await self._connection.execute(FOLD_DROP, name)
        await self._connection.execute(FOLD_MOVE, rebuilt, name)


async def test_rows_stay_and_programs_of_both_versions_see_and_change_the_same_ones(
    server: Deployment, tmp_path: Path
) -> None:
    async with database(server) as found:
        with only_migrations_before(ONE_TABLE, tmp_path):
            await migrate(found.owner)
        async with open_pool(found.login, size=3) as pool, pool.acquire() as session:
            old, store = Before(session), EventStore(pool, Wakeup(pool))
            # In one append: the function for a single event is of a later migration.
            placed = [CODEC.encode(event, id=uuid.uuid4(), metadata={}) for event in history("o-1", *SHIPPED)]
            await store.append(stream_name("o-1"), placed, expected=ANY)
            for _ in range(2):
                await old.park(1, "by the old one")
            await old.rebuild(READ_MODEL, 2)
            assert await old.parked() == [(1, "by the old one", 2)]
            assert await old.fold_parked(READ_MODEL) == {2: "by the rebuild"}
            [before] = await pool.fetch("select parked_at, last_attempt_at from dispatcher.parked")

            await migrate(found.owner)

            new, new_fold = Parking(pool, DISPATCHER), Parking(pool, READ_MODEL)
            [parked] = await new.all()
            assert (parked.position, parked.reason, parked.attempts) == (1, "by the old one", 2)
            assert (parked.parked_at, parked.last_attempt_at) == tuple(before)
            assert await new_fold.reasons() == {2: "by the rebuild"}

            await old.park(1, "again by the old one")
            await old.fold_park(READ_MODEL, 2, 3)
            await new.park({1: "by the new one"})
            await new_fold.park({1: "by the new one", 3: "by the new one"})
            assert await old.parked() == [(1, "by the new one", 4)]
            assert await old.fold_parked(READ_MODEL) == {1: "by the new one", 2: "refused", 3: "by the new one"}
            assert await new_fold.reasons() == await old.fold_parked(READ_MODEL)
            assert await parked_counts(pool) == {DISPATCHER: 1, READ_MODEL: 3}

            await old.remove(1)
            assert await new.all() == []
            await new.park({1: "by the new one"})
            assert await old.parked() == [(1, "by the new one", 1)]
            await old.rebuild(READ_MODEL, 3)
            assert await new_fold.reasons() == {3: "by the rebuild"}
            await new.remove(1)
            await new_fold.clear()
            assert await old.parked() == []
            assert await old.fold_parked(READ_MODEL) == {}


async def test_the_migration_can_be_taken_back_and_every_row_stays(server: Deployment) -> None:
    [file] = [each for folder in migration_folders() for each in folder.glob(f"{ONE_TABLE}*.sql")]
    async with database(server) as found:
        await migrate(found.owner)
        async with open_pool(found.login, size=3) as pool, pool.acquire() as session:
            old = Before(session)
            await happens(EventStore(pool, Wakeup(pool)), *history("o-1", *SHIPPED))
            await Parking(pool, DISPATCHER).park({1: "a reason"})
            await Parking(pool, READ_MODEL).park({1: "another", 2: "a third"})
            _, _, down = file.read_text().partition("-- migrate:down")
            await execute(found.owner, down)
            assert await old.parked() == [(1, "a reason", 1)]
            assert await old.fold_parked(READ_MODEL) == {1: "another", 2: "a third"}
            await old.park(1, "again")
            await old.fold_park(READ_MODEL, 2)
            assert await old.parked() == [(1, "again", 2)]
