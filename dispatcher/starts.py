"""Starts the workflows of several events concurrently, and parks an event that can never be started."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from temporalio.service import RPCError

from dispatcher.starter import NeverStartable, WorkflowStarter
from dispatcher.triggers import Trigger
from eventstore.codec import Codec
from eventstore.errors import DATABASE_AWAY, EventStoreError
from eventstore.failing_alone import ROUNDS, FailingAlone
from eventstore.model import RecordedEvent
from eventstore.parking import Parking
from eventstore.tracing import span, trace_of
from order_streams import is_bulk
from orders.events import Event

_IN_FLIGHT: Final = 32
_STARTED = Counter("orders_dispatcher_starts", "Workflows that the dispatcher started or signalled", ["workflow"])
_LATENCY = Histogram(
    "orders_dispatch_latency_seconds",
    "From the commit of an event to the start of its workflow, by the clocks of the database and of this process; without "
    "bulk orders",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
_log = structlog.get_logger(__name__)


class Starts:
    """Starts events' workflows by the trigger table. An event whose start fails while other starts succeed is parked after
    some rounds."""

    def __init__(
        self, codec: Codec[Event], starter: WorkflowStarter, parking: Parking, triggers: Sequence[Trigger]
    ) -> None:
        self._codec, self._starter, self._parking, self._triggers = codec, starter, parking, triggers
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._alone = FailingAlone[int](RPCError)

    def begin(self) -> None:
        """Begin with other events: starts of the earlier ones prove nothing."""
        self._alone.proof = None

    async def start_all(self, events: Sequence[RecordedEvent], done: set[int]) -> None:
        """Start or park them, those of a stream in order, and add their positions to `done`. Events behind one that was parked
        for its failing start are left. Raises the RPCError of a start that is to be retried, and the errors of the database,
        after the other starts have ended."""
        streams = defaultdict[str, list[RecordedEvent]](list)
        for event in events:
            streams[event.stream].append(event)
        in_order = (self._in_order(stream, done) for stream in streams.values())
        failed: dict[int, tuple[RecordedEvent, RPCError]] = {}
        for outcome in await asyncio.gather(*in_order, return_exceptions=True):
            match outcome:
                case (event, error):
                    failed[event.position] = event, error
                case BaseException():  # the database is unavailable: all of them fail
                    raise outcome
        await self._park_failing(failed, done)

    async def _in_order(self, events: Sequence[RecordedEvent], done: set[int]) -> tuple[RecordedEvent, RPCError] | None:
        """Start or park events of one stream, up to the first one whose start fails: returned with its error."""
        for event in events:
            try:
                await self.start_or_park(event)
            except RPCError as error:
                return event, error
            done.add(event.position)
        return None

    async def _park_failing(self, failed: dict[int, tuple[RecordedEvent, RPCError]], done: set[int]) -> None:
        """Park the events that failed alone for some rounds. Raises the error of any other."""
        for position in await self._alone.note(failed):
            event, error = failed.pop(position)
            reason = f"its start failed {ROUNDS} times while others went through: {error.status.name}: {error.message}"
            await self._park(event, reason, reason)
            done.add(position)
        for _, error in failed.values():
            raise error

    async def start_or_park(self, recorded: RecordedEvent) -> bool:
        """Start the workflows of an event. True on success, False where it is parked. Raises RPCError while Temporal is
        unavailable."""
        async with self._in_flight:
            try:
                await self._start(recorded)
            except (RPCError, *DATABASE_AWAY):
                raise
            except Exception as error:  # a fault of this event, or of its handling: its neighbours go on
                expected = isinstance(error, EventStoreError | NeverStartable)
                reason = str(error) if expected else f"{type(error).__name__}: {error}"
                why = reason if expected else type(error).__name__  # the message may quote the order
                await self._park(recorded, reason, why)
                return False
        return True

    async def _park(self, recorded: RecordedEvent, reason: str, logged: str) -> None:
        _log.error("event parked", position=recorded.position, type=recorded.type, reason=logged)
        await self._parking.park({recorded.position: reason})

    async def _start(self, recorded: RecordedEvent) -> None:
        event = self._codec.decode(recorded)
        for trigger in self._triggers:
            if trigger.event_type == recorded.type and trigger.when(event):
                with span(f"dispatch {recorded.type}", SpanKind.CONSUMER, trace_of(recorded), order=event.order_id):
                    await self._starter.start(trigger, event, recorded)
                if trigger.once:
                    self._alone.proof = partial(self._starter.start, trigger, event, recorded)
                _STARTED.labels(trigger.workflow).inc()
                if not is_bulk(recorded):
                    _LATENCY.observe(max(0.0, time.time() - recorded.recorded_at.timestamp()))
                _log.debug("workflow started", workflow_id=trigger.workflow_id(event), order_id=event.order_id)
