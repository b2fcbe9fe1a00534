"""Starts workflows for events. The checkpoint moves only behind started workflows."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import partial

import structlog
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram
from temporalio.service import RPCError

from dispatcher.parking import NotParked, Parking
from dispatcher.starter import NeverStartable, WorkflowStarter
from dispatcher.triggers import TRIGGERS, Trigger
from eventstore.codec import Codec
from eventstore.errors import DATABASE_AWAY, EventStoreError
from eventstore.failing_alone import ROUNDS, FailingAlone
from eventstore.lane_reader import LaneReader, Positions
from eventstore.model import Page, RecordedEvent
from eventstore.store import EventStore
from eventstore.tracing import span, trace_of
from orders.events import Event
from orders.ids import ORDER_STREAMS

NAME = "dispatcher"
_PAGE = 200
_DONE_AHEAD = 2_000
_IN_FLIGHT = 32
_STARTED = Counter("orders_dispatcher_starts", "Workflows that the dispatcher started or signalled", ["workflow"])
_LATENCY = Histogram(
    "orders_dispatch_latency_seconds",
    "From the commit of an event to the start of its workflow, by the clocks of the database and of this process",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
_log = structlog.get_logger(__name__)


class Dispatcher:
    """Reads the log and starts each event's workflows: at least once here, exactly once at Temporal by workflow id.

    While Temporal is unavailable a step raises and the checkpoint stays: orders wait, none is skipped. An event whose start
    fails while other starts of the page succeed is parked after some rounds; later events of its stream wait for that. One
    page is dispatched at a time, for all lanes that this process owns.
    """

    name = NAME

    def __init__(
        self,
        store: EventStore,
        codec: Codec[Event],
        starter: WorkflowStarter,
        parking: Parking,
        triggers: Sequence[Trigger] = TRIGGERS,
    ) -> None:
        self._store, self._codec, self._starter, self._parking = store, codec, starter, parking
        self._triggers = triggers
        self._types = sorted({trigger.event_type for trigger in triggers})
        self._in_flight = asyncio.Semaphore(_IN_FLIGHT)
        self._log = LaneReader(store.pool, NAME)
        self._ahead: Page | None = None
        # Of a page that did not succeed as a whole: its start, and its dispatched events.
        self._begun: Positions = []
        self._done: set[int] = set()
        self._alone = FailingAlone[int](RPCError)

    def own(self, lanes: Collection[int]) -> None:
        """Dispatch the streams of these lanes alone from the next step on."""
        self._ahead = None
        self._log.own(lanes)

    async def step(self) -> bool:
        """Dispatch one page of events, concurrently; move the checkpoint behind it, and read the next one with that."""
        page, self._ahead = self._ahead, None
        try:
            page = page or await self._read()
            while events := [event for event in page.events if event.position not in self._done]:
                await self._dispatch_all(events)
        except BaseException:
            self._log.reopen()
            raise
        self._log.handled(page)
        following = await self._read()
        self._ahead = following if following.events or following.more else None
        return self._ahead is not None

    async def _read(self) -> Page:
        """Events with a trigger, and events of orders with an unknown type, to be parked.

        Dispatched events do not count, so that a failing event does not hold up its successors.
        """
        if (positions := await self._log.positions()) != self._begun:
            self._begun, self._alone.proof = positions, None
            self._done.clear()
        limit = _PAGE + min(len(self._done), _DONE_AHEAD)
        return await self._log.read(limit=limit, types=self._types, category=ORDER_STREAMS, known=self._codec.types)

    async def _dispatch_all(self, events: Sequence[RecordedEvent]) -> None:
        streams = defaultdict[str, list[RecordedEvent]](list)
        for event in events:
            streams[event.stream].append(event)
        outcomes = await asyncio.gather(*map(self._dispatch_in_order, streams.values()), return_exceptions=True)
        failed: dict[int, tuple[RecordedEvent, RPCError]] = {}
        for outcome in outcomes:
            match outcome:
                case (event, error):
                    failed[event.position] = event, error
                case BaseException():  # the database is unavailable: all of them fail
                    raise outcome
        await self._park_failing(failed)

    async def _dispatch_in_order(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, RPCError] | None:
        """Dispatch events of one stream, up to the first one that fails: returned with its error."""
        for event in events:
            try:
                await self._dispatch_or_park(event)
            except RPCError as error:
                return event, error
            self._done.add(event.position)
        return None

    async def _park_failing(self, failed: dict[int, tuple[RecordedEvent, RPCError]]) -> None:
        """Park the events that failed alone for some rounds. Raises the error of any other."""
        for position in await self._alone.note(failed):
            event, error = failed.pop(position)
            reason = f"its start failed {ROUNDS} times while others went through: {error.status.name}: {error.message}"
            await self._park(event, reason, reason)
            self._done.add(position)
        for _, error in failed.values():
            raise error

    async def retry(self, position: int) -> bool:
        """Dispatch a parked event again. True on success, False where it stays parked, with a new reason.

        Raises NotParked, or RPCError while Temporal is unavailable: the event then stays parked unchanged.
        """
        if not await self._parking.holds(position):
            raise NotParked(position)
        recorded = await self._store.read_at(position)
        if recorded is None:
            raise NotParked(position)
        dispatched = await self._dispatch_or_park(recorded)
        if dispatched:
            await self._parking.remove(position)
        return dispatched

    async def _dispatch_or_park(self, recorded: RecordedEvent) -> bool:
        async with self._in_flight:
            try:
                await self._dispatch(recorded)
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
        await self._parking.park(recorded, reason)

    async def _dispatch(self, recorded: RecordedEvent) -> None:
        event = self._codec.decode(recorded)
        for trigger in self._triggers:
            if trigger.event_type == recorded.type and trigger.when(event):
                with span(f"dispatch {recorded.type}", SpanKind.CONSUMER, trace_of(recorded), order=event.order_id):
                    await self._starter.start(trigger, event, recorded)
                if trigger.once:
                    self._alone.proof = partial(self._starter.start, trigger, event, recorded)
                _STARTED.labels(trigger.workflow).inc()
                _LATENCY.observe(max(0.0, time.time() - recorded.recorded_at.timestamp()))
                _log.debug("workflow started", workflow_id=trigger.workflow_id(event), order_id=event.order_id)
