"""Group commit: concurrent appends share one round trip and one commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from eventstore.errors import POSITION_PASSED
from eventstore.model import AppendResult
from eventstore.statements import APPEND_EACH, APPEND_LONE
from eventstore.stream_turns import StreamTurns

_SENDERS: Final = 2  # one makes up a group while the database is at the other's
_GROUP: Final = 16
Row: TypeAlias = tuple[str, int, UUID, str, int, str, str]
"""stream, expected, id, type, schema version, data and metadata as JSON: the columns of `append_lone` and `append_each`."""
_EXPLAINED: Final = (asyncpg.UniqueViolationError.sqlstate, POSITION_PASSED)
"""Errors that `append` gives the reason for."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: Row
    landed: asyncio.Future[AppendResult | None]  # None: to be repeated alone


class GroupCommit:
    """Groups appends of one event each. No append waits for a blocked one.

    explained: appends rows to one stream by `append`, with all its checks, and gives the reason of a refusal.
    A group takes the appends that succeed without waiting. An append with a known id, a version conflict or a stream locked
    by another writer is repeated alone.
    """

    def __init__(self, pool: asyncpg.Pool, explained: Callable[[Sequence[Row]], Awaitable[AppendResult]]) -> None:
        self._pool, self._explained = pool, explained
        self._one_is_alone = False
        self._turns = StreamTurns(max(1, pool.get_max_size() // 2))
        self._waiting: list[_Waiting] = []
        self._senders: set[asyncio.Task[None]] = set()

    async def append(self, row: Row) -> AppendResult:
        """Append in a group, or by one statement, which is faster for a single append. Raises the errors of `explained` and
        the driver."""
        stream = row[0]
        if self._turns.is_taken(stream):
            return await self._turns.in_turn(stream, self._append_lone, row)
        if not self._one_is_alone and not self._waiting and not self._turns.full:
            self._one_is_alone = True
            try:
                return await self._turns.in_turn(stream, self._append_lone, row)
            finally:
                self._one_is_alone = False
        return await self._together(row) or await self.append_several([row])

    async def append_several(self, rows: Sequence[Row]) -> AppendResult:
        """Append rows to one stream after the process's pending appends to it, so that they use one connection together."""
        return await self._turns.in_turn(rows[0][0], self._explained, rows)

    async def _append_lone(self, row: Row) -> AppendResult:
        try:
            landed = await self._pool.fetchval(APPEND_LONE, *row)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _EXPLAINED:
                raise
            landed = None
        if landed is None:
            return await self._explained([row])
        version, position = landed
        return AppendResult(version, position, position, False)

    def _together(self, row: Row) -> asyncio.Future[AppendResult | None]:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(row, loop.create_future())
        self._waiting.append(waiting)
        if len(self._senders) < _SENDERS:
            self._senders.add(loop.create_task(self._send_all()))
        return waiting.landed

    async def _send_all(self) -> None:
        """Send groups until none is pending."""
        try:
            while group := self._next_group():
                await self._send(group)
                await asyncio.sleep(0)  # lets the callers append again, which joins the next group
        finally:
            self._senders.discard(asyncio.current_task())

    def _next_group(self) -> list[_Waiting]:
        """The oldest pending appends, one for each stream, without cancelled ones."""
        group, rest = dict[object, _Waiting](), list[_Waiting]()
        for each in self._waiting:
            if each.landed.cancelled():
                continue
            stream = each.row[0]
            if stream in group or len(group) == _GROUP:
                rest.append(each)
            else:
                group[stream] = each
        self._waiting = rest
        return list(group.values())

    async def _send(self, group: Sequence[_Waiting]) -> None:
        columns = map(list, zip(*(each.row for each in group), strict=True))
        try:
            rows = await self._pool.fetch(APPEND_EACH, *columns)
        except asyncpg.PostgresError:
            rows = []  # one of them is the cause: each is repeated alone
        except Exception as error:  # the connection is lost: all of them fail
            for each in group:
                if not each.landed.done():
                    each.landed.set_exception(error)
            return
        landed = {number: AppendResult(version, position, position, False) for number, version, position in rows}
        for number, each in enumerate(group, 1):
            if not each.landed.done():
                each.landed.set_result(landed.get(number))
