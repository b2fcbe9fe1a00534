"""POST: one act on many orders, with a result for each as server-sent events."""

import uuid
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends
from pydantic import Field

from application.acting import PersonsCommand
from application.bulk_action import BulkAction
from application.retrying import act_or_retry
from eventstore.command_handler import Handled
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.fields import Identifier, Tag
from orders.interventions import MAX_TAGS, HoldOrder, ReleaseOrder, RetryOrder, TagOrder, UntagOrder
from orders.state import State
from projections.order_filter import ALL_ORDERS
from web.bulk_actions import Place
from web.bulk_events import RESPONSES
from web.event_stream import UNBUFFERED, EventStream
from web.keys import Role
from web.models import Asked
from web.order_filter import WantedOrders
from web.order_routes import CancelBody, ReasonBody, ReleaseBody, RetryBody
from web.problems import FaultDocument, Invalid, Problem
from web.route import ApiRoute, requires
from web.system import Asking, CommandId, Shared

MAX_ORDERS: Final = 10_000
_COMMANDS: Final = uuid.UUID("0d5f1b3a-6a55-4f0c-9d0e-3c1a86a6c0f4")
router = APIRouter(prefix="/v1/bulk-actions", route_class=ApiRoute, tags=["orders"])
_SELECTION: Final[FaultDocument] = {
    "pointer": "/orderIds",
    "detail": "is required without a filter, and not allowed beside one",
}
OrderIds = Annotated[
    list[Identifier] | None,
    Field(alias="orderIds", min_length=1, max_length=MAX_ORDERS, description="the orders, without a filter"),
]


class BulkHold(ReasonBody):
    """reason: shown to every reader of an order."""

    order_ids: OrderIds = None


class BulkRelease(ReleaseBody):
    """The orders, unless a filter finds them."""

    order_ids: OrderIds = None


class BulkCancel(CancelBody):
    """by: the person who wishes it."""

    order_ids: OrderIds = None


class BulkRetry(RetryBody):
    """carrier, service: chosen for the orders' labels; an earlier choice stays without both."""

    order_ids: OrderIds = None


class BulkTags(Asked):
    """tags: added to each order, or removed from it."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=MAX_TAGS)]
    order_ids: OrderIds = None


async def _place(system: Shared, caller: Asking) -> AsyncIterator[Place]:
    # Held until the response is complete: that is when the framework goes on after a yield.
    with system.bulk_actions.place(caller.name) as place:
        yield place


class ActOnOrders:
    """The orders of a request, by id or by the filter in its query, and its act on each."""

    def __init__(
        self,
        system: Shared,
        caller: Asking,
        command_id: CommandId,
        place: Annotated[Place, Depends(_place)],
        filter: WantedOrders,
    ) -> None:
        self._system, self._actor, self._command_id = system, caller.actor, command_id
        self._place, self._filter = place, filter

    async def record(self, order_ids: list[str] | None, command: Callable[[str], PersonsCommand]) -> EventStream:
        """Handle the command for each order; return the stream of results. Raises a Problem for none or too many orders."""
        system = self._system

        async def act_on(order_id: str) -> Handled[State]:
            return await act_or_retry(
                system.orders,
                system.client,
                system.settings,
                command(order_id),
                actor=self._actor,
                command_id=self._command_id_of(order_id),
                bulk=True,
            )

        return EventStream(self._place.begin(BulkAction(await self._selected(order_ids), act_on)), headers=UNBUFFERED)

    def _command_id_of(self, order_id: str) -> str:
        """Derived from the request's: with the same Idempotency-Key, each order is acted on once."""
        return str(uuid.uuid5(_COMMANDS, f"{self._command_id}\n{order_id}"))

    async def _selected(self, order_ids: list[str] | None) -> list[str]:
        # A filter that was forgotten must not select all orders.
        if (order_ids is None) == (self._filter == ALL_ORDERS):
            raise Invalid("give either orderIds, or a filter in the query", [_SELECTION])
        if order_ids is not None:
            return order_ids
        pages = self._system.queries.pages(self._filter, MAX_ORDERS + 1)
        found = [row.order_id async for page in pages for row in page]
        if len(found) > MAX_ORDERS:
            detail = f"the filter finds more than {MAX_ORDERS:,} orders, the most of one bulk action: narrow it"
            raise Problem(422, "too-many-orders", detail)
        return found


Acting = Annotated[ActOnOrders, Depends()]


@router.post("/cancel", response_class=EventStream, responses=RESPONSES)
@requires(Role.WRITE)
async def cancel_orders(acting: Acting, body: BulkCancel) -> EventStream:
    """Cancel orders that have not shipped; see POST /v1/orders/{orderId}/cancel. The orders are those of `orderIds`, or those
    that the filter of GET /v1/orders finds as the request begins: 10,000 at most. Events: `start` with the number of orders,
    `order` with the result for each (done, unchanged, refused with code and reason, failed), and `end` with their numbers.
    Closing the connection stops the action after the orders in progress."""
    return await acting.record(body.order_ids, lambda id_: CancelOrder(id_, body.reason, CancelledBy(body.by)))


@router.post("/hold", response_class=EventStream, responses=RESPONSES)
@requires(Role.OPERATE)
async def hold_orders(acting: Acting, body: BulkHold) -> EventStream:
    """Hold orders; see POST /v1/orders/{orderId}/hold. Orders and events as of POST /v1/bulk-actions/cancel."""
    return await acting.record(body.order_ids, lambda id_: HoldOrder(id_, body.reason))


@router.post("/release", response_class=EventStream, responses=RESPONSES)
@requires(Role.OPERATE)
async def release_orders(acting: Acting, body: Annotated[BulkRelease | None, Body()] = None) -> EventStream:
    """Release held orders; see POST /v1/orders/{orderId}/release. Orders and events as of POST /v1/bulk-actions/cancel."""
    return await acting.record(body.order_ids if body else None, ReleaseOrder)


@router.post("/retry", response_class=EventStream, responses=RESPONSES)
@requires(Role.OPERATE)
async def retry_orders(acting: Acting, body: BulkRetry) -> EventStream:
    """Start the workflows of orders again; see POST /v1/orders/{orderId}/retry. Orders and events as of
    POST /v1/bulk-actions/cancel."""
    return await acting.record(body.order_ids, lambda id_: RetryOrder(id_, body.reason, body.carrier, body.service))


@router.post("/tag", response_class=EventStream, responses=RESPONSES)
@requires(Role.OPERATE)
async def tag_orders(acting: Acting, body: BulkTags) -> EventStream:
    """Add tags to orders in any state. Orders and events as of POST /v1/bulk-actions/cancel."""
    return await acting.record(body.order_ids, lambda id_: TagOrder(id_, tuple(body.tags)))


@router.post("/untag", response_class=EventStream, responses=RESPONSES)
@requires(Role.OPERATE)
async def untag_orders(acting: Acting, body: BulkTags) -> EventStream:
    """Remove tags from orders in any state. Orders and events as of POST /v1/bulk-actions/cancel."""
    return await acting.record(body.order_ids, lambda id_: UntagOrder(id_, tuple(body.tags)))
