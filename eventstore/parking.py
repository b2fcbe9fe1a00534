"""Parked events: a consumer of the log could not process them, went on behind them, and kept the reason for an operator."""

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from eventstore.checkpoints import Executor
from eventstore.statements import (
    CLEAR_PARKED,
    COUNT_PARKED,
    FORGET_LOST_PARKED,
    LIST_PARKED,
    MOVE_PARKED,
    PARK,
    PARKED_OF,
    PARKED_REASONS,
    UNPARK,
)

_PAGE: Final = 200
_LONGEST_REASON: Final = 2_000


class NotParked(Exception):
    """No event is parked at this position: it was processed, or never parked. List the parked events, and choose one."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no event is parked at position {position}")
        self.position = position


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event: its place in the log, the reason of the last attempt, and the number of attempts."""

    position: int
    event_type: str
    stream: str
    version: int
    reason: str
    attempts: int
    parked_at: datetime
    last_attempt_at: datetime


class Parking:
    """The parked events of a consumer, over a pool, or in the caller's transaction."""

    def __init__(self, executor: Executor, consumer: str) -> None:
        self._executor, self._consumer = executor, consumer

    async def park(self, reasons: Mapping[int, str]) -> None:
        """Park the events at these positions. A parked one gets the new reason, and one attempt more."""
        positions, texts = list(reasons), [reason[:_LONGEST_REASON] for reason in reasons.values()]
        await self._executor.execute(PARK, self._consumer, positions, texts)

    async def pages(self) -> AsyncGenerator[list[ParkedEvent], None]:
        """All of them, by position."""
        after = 0
        while found := await self._executor.fetch(LIST_PARKED, self._consumer, after, _PAGE):
            page = [ParkedEvent(*row) for row in found]
            yield page
            after = page[-1].position

    async def all(self) -> list[ParkedEvent]:
        """All of them in a list, by position."""
        return [event async for page in self.pages() for event in page]

    async def reasons(self) -> dict[int, str]:
        return {row["position"]: row["reason"] for row in await self._executor.fetch(PARKED_REASONS, self._consumer)}

    async def of(self, positions: Collection[int]) -> set[int]:
        """The parked ones of these positions."""
        return {row["position"] for row in await self._executor.fetch(PARKED_OF, self._consumer, positions)}

    async def remove(self, position: int) -> None:
        await self._executor.execute(UNPARK, self._consumer, position)

    async def clear(self) -> None:
        """Remove them all."""
        await self._executor.execute(CLEAR_PARKED, self._consumer)

    async def take_over(self, other: str) -> None:
        """Replace them by those of another consumer."""
        await self.clear()
        await self._executor.execute(MOVE_PARKED, other, self._consumer)


async def parked_counts(executor: Executor) -> dict[str, int]:
    """Number of parked events of each consumer that has any."""
    return {consumer: int(count) for consumer, count in await executor.fetch(COUNT_PARKED)}


async def forget_lost(executor: Executor, head: int) -> None:
    """Remove parked events behind the log's end, which a fail-over has cut short."""
    await executor.execute(FORGET_LOST_PARKED, head)
