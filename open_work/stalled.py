"""Stalled orders: on hold, without the workflow that their work needs, or with a workflow that makes no progress."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from typing import Final

from open_work.failing import of_fleet
from open_work.kinds import Stuck, stuck_run
from open_work.open_orders import Prospect, Prospects, Work
from open_work.sources import Sources
from open_work.stranded import Stranded, stranded, unreadable
from orders.events import OrderHeld
from projections.order_filter import OrderFilter
from projections.queries import Queries
from settings import Settings
from workflows.model import ORDER_ID

_PAGE: Final = 200
_OPEN: Final = ("placed", "confirmed", "paid")


class StalledOrders:
    """Searches the orders whose workflow failed or was terminated, the open orders, then all running workflows. Without
    Temporal's client, only holds are known."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._sources, self._settings, self._client = sources, settings, sources.client
        self._prospects = Prospects(self._sources)

    @property
    def unreachable(self) -> bool:
        """True if Temporal did not answer, so that lost orders are unknown."""
        return self._prospects.unreachable is not None

    async def all(self) -> AsyncGenerator[Stuck, None]:
        """Lost, stalled, failing and held orders, each once. Each running workflow is described once, a few at a time.
        Raises RPCError if Temporal does not answer a search."""
        seen: set[str] = set()
        for pages in (self._ended(), self._open()):
            async for page in pages:
                new = list(dict.fromkeys(id_ for id_ in page if id_ not in seen))
                seen.update(new)
                async for stuck in self.of(new):
                    yield stuck
        async for runs in self._running():
            new = list(dict.fromkeys(run.order_id for run in runs))
            for each in await stranded(self._sources, self._prospects, new, runs):
                for stuck in self._stalled(each):
                    yield stuck

    async def of(self, ids: Sequence[str]) -> AsyncGenerator[Stuck, None]:
        """Rows of these orders, by their work left."""
        for each in await stranded(self._sources, self._prospects, ids):
            for stuck in (*_held(each), *self._stalled(each)):
                yield stuck
        for stream in await unreadable(self._sources, self._prospects, ids):
            yield Stuck("lost", stream.order_id, None, "read the order's stream", None, stream.fault or "")

    async def _ended(self) -> AsyncIterator[list[str]]:
        """Orders of which a workflow has failed or was terminated, within the retention of the namespace."""
        if self._client is None:
            return
        fleet = of_fleet(self._settings.task_queue)
        query = f"ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled') AND {fleet}"
        page: list[str] = []
        async for found in self._client.list_workflows(query):
            page += [order_id] if (order_id := found.typed_search_attributes.get(ORDER_ID)) else []
            if len(page) == _PAGE:
                yield page
                page = []
        yield page

    async def _running(self) -> AsyncIterator[list[Work]]:
        """Running workflows that have not been described yet: mostly of orders that are no longer open."""
        if self._client is None:
            return
        query = f"ExecutionStatus = 'Running' AND {of_fleet(self._settings.task_queue)}"
        page: list[Work] = []
        async for found in self._client.list_workflows(query):
            order_id = found.typed_search_attributes.get(ORDER_ID)
            if order_id and found.id not in self._prospects.described:
                page.append(Work(found.workflow_type, (order_id,), position=0, found_id=found.id))
            if len(page) == _PAGE:
                yield page
                page = []
        yield page

    async def _open(self) -> AsyncIterator[list[str]]:
        for status in _OPEN:
            async for page in Queries(self._sources.pool).pages(OrderFilter(statuses=(status,)), size=_PAGE):
                yield [row.order_id for row in page]

    def _stalled(self, stopped: Stranded) -> Iterable[Stuck]:
        for prospect in stopped.still:
            work, state = prospect.work, stopped.evidence.state.status
            if prospect.standstill:
                url = self._settings.workflow_url(work.workflow_id)
                yield stuck_run(prospect.standstill, work.order_id, state, work.workflow_id, url)
            else:
                yield _lost(stopped, prospect)


def _held(stopped: Stranded) -> Iterable[Stuck]:
    stream, state = stopped.evidence.stream, stopped.evidence.state
    if state.hold:
        held = stream.last(lambda event: isinstance(event, OrderHeld))
        since = held[0].recorded_at if held else None
        by = held[0].metadata.get("actor") if held else None
        yield Stuck("onHold", stream.order_id, state.status, "on hold", since, f"{state.hold.reason}, by {by}")


def _lost(stopped: Stranded, prospect: Prospect) -> Stuck:
    stream, state = stopped.evidence.stream, stopped.evidence.state
    return Stuck(
        kind="lost",
        order_id=stream.order_id,
        state=state.status,
        step=prospect.work.workflow,
        since=stream.last_step.recorded_at,
        error=prospect.fault or "",
        workflow_id=prospect.work.workflow_id,
    )
