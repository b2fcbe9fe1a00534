"""Starts workflows for events. The checkpoint moves only behind started workflows."""

import asyncio
from collections.abc import Collection, Sequence

import structlog
from temporalio.service import RPCError

from dispatcher.bulk import FREEING, BulkOrders, Due, is_placed_in_bulk
from dispatcher.starter import WorkflowStarter
from dispatcher.starts import Starts
from dispatcher.triggers import TRIGGERS, Trigger
from eventstore.codec import Codec
from eventstore.lane_reader import LaneReader, Positions
from eventstore.model import Page, RecordedEvent
from eventstore.parking import NotParked, Parking
from eventstore.store import EventStore
from orders.events import Event
from orders.ids import ORDER_STREAMS

NAME = "dispatcher"
_PAGE = 200
_DONE_AHEAD = 2_000
_log = structlog.get_logger(__name__)


class Dispatcher:
    """Reads the log and starts each event's workflows: at least once here, exactly once at Temporal by workflow id.

    While Temporal is unavailable a step raises and the checkpoint stays: orders wait, none is skipped. An event whose start
    fails while other starts of the page succeed is parked after some rounds; later events of its stream wait for that. One
    page is dispatched at a time, for all lanes that this process owns. Placed bulk orders are postponed, and started by the
    owner of the first lane as places become free. bulk_places: number of bulk orders in progress at once.
    """

    name = NAME

    def __init__(
        self,
        store: EventStore,
        codec: Codec[Event],
        starter: WorkflowStarter,
        triggers: Sequence[Trigger] = TRIGGERS,
        *,
        bulk_places: int,
    ) -> None:
        self._store, self._codec, self._parking = store, codec, Parking(store.pool, NAME)
        self._starts = Starts(codec, starter, self._parking, triggers)
        self._bulk = BulkOrders(store.pool, bulk_places)
        self._bulk_starts = Starts(codec, starter, self._parking, triggers)
        self._types = sorted({trigger.event_type for trigger in triggers} | FREEING)
        self._log = LaneReader(store.pool, NAME)
        self._ahead: Page | None = None
        # Of a page that did not succeed as a whole: its start, and its dispatched events.
        self._begun: Positions = []
        self._done: set[int] = set()

    def own(self, lanes: Collection[int]) -> None:
        """Dispatch the streams of these lanes alone from the next step on."""
        self._ahead = None
        self._log.own(lanes)

    async def step(self) -> bool:
        """Dispatch one page of events, concurrently; move the checkpoint behind it, and read the next one with that. Then start
        bulk orders that are due."""
        page, self._ahead = self._ahead, None
        try:
            page = page or await self._read()
            await self._dispatch(page.events)
        except BaseException:
            self._log.reopen()
            raise
        self._log.handled(page)
        if page.events or page.more:  # a move past events without a trigger is left to the next step's read
            following = await self._read()
            self._ahead = following if following.events or following.more else None
        more_bulk = self._log.owns_first and await self._start_bulk()
        return more_bulk or self._ahead is not None

    async def _read(self) -> Page:
        """Events with a trigger, and events of orders with an unknown type, to be parked.

        Dispatched events do not count, so that a failing event does not hold up its successors.
        """
        if (positions := await self._log.positions()) != self._begun:
            self._begun = positions
            self._starts.begin()
            self._done.clear()
        limit = _PAGE + min(len(self._done), _DONE_AHEAD)
        return await self._log.read(limit=limit, types=self._types, category=ORDER_STREAMS, known=self._codec.types)

    async def _dispatch(self, page: Sequence[RecordedEvent]) -> None:
        """Dispatch or park all events of a page that are not done. Raises the error of a start that is to be retried."""
        events = self._left(page)
        if imported := [event for event in events if is_placed_in_bulk(event)]:
            await self._bulk.postpone(imported)
            self._done.update(event.position for event in imported)
        await self._bulk.free_places(events)
        while events := self._left(page):
            await self._starts.start_all(events, self._done)

    def _left(self, page: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        return [event for event in page if event.position not in self._done]

    async def _start_bulk(self) -> bool:
        """Start the bulk orders that are due; True if more may be. A failing start waits for the next step: it must not delay
        other orders."""
        due = await self._bulk.due()
        if not due:
            return False
        events, started = await self._events_of(due), set[int]()
        try:
            await self._bulk_starts.start_all(events, started)
        except RPCError as error:
            _log.warning("bulk orders could not be started", error=error.message)
        await self._bulk.take_places(started)
        return len(started) == len(events)

    async def _events_of(self, due: Sequence[Due]) -> list[RecordedEvent]:
        """The events that placed these orders. Orders whose event a fail-over has lost are removed from the table."""
        found = await asyncio.gather(*(self._store.read_at(each.position) for each in due))
        events = [event for each, event in zip(due, found, strict=True) if event and event.id == each.event_id]
        if lost := {each.position for each in due} - {event.position for event in events}:
            await self._bulk.forget(lost)
        return events

    async def retry(self, position: int) -> bool:
        """Dispatch a parked event again. True on success, False where it stays parked, with a new reason.

        Raises NotParked, or RPCError while Temporal is unavailable: the event then stays parked unchanged.
        """
        recorded = await self._store.read_at(position)
        if recorded is None or not await self._parking.of([position]):
            raise NotParked(position)
        dispatched = await self._starts.start_or_park(recorded)
        if dispatched:
            await self._parking.remove(position)
        return dispatched
