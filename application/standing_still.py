"""Orders that stand still by what the log says of them: lost by their workflow, or on hold."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Final

from temporalio.client import Client

from activities.gateways.books import GatewayBooks
from application.failing import of_fleet
from application.stuck import Stuck
from audit import Sources
from audit.open_orders import Prospects
from audit.stranded import Stranded, stranded
from bootstrap import App
from orders.events import OrderHeld
from workflows.model import ORDER_ID

_PAGE: Final = 200
_OPEN: Final = ("placed", "confirmed", "paid")


class StandingStill:
    """Looks through open orders, and through those that Temporal ended without their being done. client: None where
    Temporal cannot be reached; then only holds are known."""

    def __init__(self, app: App, client: Client | None) -> None:
        self._app, self._client = app, client
        self._sources = Sources(app.pool, app.store, app.codec, app.stock, GatewayBooks(app.pool), client)
        self._prospects = Prospects(self._sources)

    @property
    def unreachable(self) -> bool:
        """Whether Temporal did not answer, so that lost orders are not known."""
        return self._prospects.unreachable is not None

    async def orders(self) -> AsyncGenerator[Stuck, None]:
        """Lost and held ones, each once. Raises RPCError where Temporal does not answer a search."""
        seen: set[str] = set()
        for pages in (self._ended(), self._open()):
            async for page in pages:
                new = list(dict.fromkeys(id_ for id_ in page if id_ not in seen))
                seen.update(new)
                for each in await stranded(self._sources, self._prospects, new):
                    for stuck in _told(each):
                        yield stuck

    async def _ended(self) -> AsyncIterator[list[str]]:
        """Orders of which a workflow was terminated, or has failed: within the retention of the namespace."""
        if self._client is None:
            return
        fleet = of_fleet(self._app.settings.task_queue)
        query = f"ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut', 'Canceled') AND {fleet}"
        page: list[str] = []
        async for found in self._client.list_workflows(query):
            page += [order_id] if (order_id := found.typed_search_attributes.get(ORDER_ID)) else []
            if len(page) == _PAGE:
                yield page
                page = []
        yield page

    async def _open(self) -> AsyncIterator[list[str]]:
        for status in _OPEN:
            after: int | None = None
            while True:
                page = await self._app.queries.list_orders(status=status, after=after, limit=_PAGE)
                yield [row.order_id for row in page.rows]
                if (after := page.after) is None:
                    break


def _told(stopped: Stranded) -> Iterable[Stuck]:
    stream, state = stopped.evidence.stream, stopped.evidence.state
    if state.hold:
        held = stream.last(lambda event: isinstance(event, OrderHeld))
        since = held[0].recorded_at if held else None
        by = held[0].metadata.get("actor") if held else None
        yield Stuck("onHold", stream.order_id, state.status, "on hold", since, f"{state.hold.reason}, by {by}")
    for prospect in stopped.lost:
        yield Stuck(
            kind="lost",
            order_id=stream.order_id,
            state=state.status,
            step=prospect.work.workflow,
            since=stream.events[-1][0].recorded_at,
            error=prospect.fault or "",
            workflow_id=prospect.work.workflow_id,
        )
