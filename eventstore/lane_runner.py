"""Runs a divided consumer in several processes at once, each of which owns an even share of the lanes."""

import asyncio
from collections.abc import Collection
from typing import Final, Protocol

from prometheus_client import Gauge

from eventstore.consumer import Consumer, ConsumerRunner, lease_name
from eventstore.errors import DATABASE_AWAY
from eventstore.lane_lease import LaneLease, Shares
from eventstore.lane_reader import LANES
from eventstore.wakeup import Wakeup

_HAND_OVER: Final = 5.0  # seconds: with three looks at the shares, a lane has a new owner within 15
_IDLE: Final = 1.0
_OWNED: Final = Gauge("orders_reader_lanes", "Lanes of a divided reader that this process owns", ["reader"])


class DividedConsumer(Consumer, Protocol):
    """A reader of the log that handles the streams of some lanes, and leaves the rest to other processes."""

    def own(self, lanes: Collection[int]) -> None:
        """Handle these lanes alone from the next step on, from their checkpoints."""
        ...


class LaneRunner(ConsumerRunner):
    """Member of the processes that run a consumer: owns an even share of its lanes, and gives up the excess as members join.

    A lane changes its owner between two steps. A step that takes longer is cancelled, and its events are handled again.
    """

    def __init__(self, consumer: DividedConsumer, *, dsn: str, wakeup: Wakeup) -> None:
        self._lane_lease = LaneLease(dsn, lease_name(consumer.name), LANES)
        self._of_reader = _OWNED.labels(consumer.name)
        super().__init__(consumer, dsn=dsn, wakeup=wakeup, lease=self._lane_lease)
        self._divided = consumer
        self.lanes: frozenset[int] = frozenset()
        self._turn = asyncio.Lock()
        self._in_step: asyncio.Task[float] | None = None

    def _begin(self) -> None:
        self.lanes = frozenset()

    def _own(self, owner: bool) -> None:
        super()._own(owner)
        if not owner:
            self._of_reader.set(0)

    async def _holds(self, awake: asyncio.Event) -> bool:
        try:
            shares = await self._lane_lease.shares()
            if shares is None:
                return False
            await self._balance(shares, awake)
        except DATABASE_AWAY:
            return False
        return True

    async def _balance(self, shares: Shares, awake: asyncio.Event) -> None:
        if len(shares.own) > shares.most:
            kept = frozenset(sorted(shares.own)[: shares.most])
            await self._handle(kept)
            await self._lane_lease.give(shares.own - kept)
        elif room := min(shares.most - len(shares.own), len(shares.free)):
            taken = await self._lane_lease.claim(shares.free[:room])
            await self._handle(shares.own | taken)
            awake.set()

    async def _handle(self, lanes: frozenset[int]) -> None:
        if lanes == self.lanes:
            return
        await self._between_steps()
        try:
            self._divided.own(lanes)
            self.lanes = lanes
        finally:
            self._turn.release()
        self._own(bool(lanes))
        self._of_reader.set(len(lanes))
        self._log.info("lanes owned", lanes=sorted(lanes))

    async def _between_steps(self) -> None:
        """Acquire the turn."""
        try:
            async with asyncio.timeout(_HAND_OVER):
                await self._turn.acquire()
        except TimeoutError:
            if self._in_step is not None:
                self._in_step.cancel()
            await self._turn.acquire()

    async def _step(self) -> float:
        async with self._turn:
            if not self.lanes:
                return _IDLE
            self._in_step = asyncio.create_task(super()._step())
            try:
                await asyncio.wait([self._in_step])
            except asyncio.CancelledError:
                self._in_step.cancel()
                await asyncio.wait([self._in_step])
                raise
            return 0.0 if self._in_step.cancelled() else self._in_step.result()
