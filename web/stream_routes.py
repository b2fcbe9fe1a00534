"""GET: streams of server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header

from web.event_stream import EventStream
from web.keys import Role
from web.parameters import MAX_POSITION, OrderId, PositionQuery
from web.problems import parameter_fault
from web.route import ApiRoute, requires
from web.system import Shared

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["streams"])
_HEADERS = {"X-Accel-Buffering": "no"}  # a proxy that collects events would hold them back
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="the last event that was received; counts before `after`")
]


@router.get("/orders/{orderId}/events", response_class=EventStream)
@requires(Role.READ)
async def follow_order(
    system: Shared, order_id: OrderId, after: PositionQuery = 0, last_event_id: LastEventId = None
) -> EventStream:
    """The order's events behind a version, then each as it happens; an event's id is its version."""
    system.streams.require_room()
    last = _last(last_event_id)
    chunks = await system.streams.of_order(order_id, after if last is None else last)
    return EventStream(chunks, headers=_HEADERS)


@router.get("/events", response_class=EventStream)
@requires(Role.READ)
async def follow_all(
    system: Shared, after: PositionQuery | None = None, last_event_id: LastEventId = None
) -> EventStream:
    """A line for each change of any order, from now on or behind a position, once GET /v1/orders shows it."""
    system.streams.require_room()
    last = _last(last_event_id)
    return EventStream(await system.streams.of_all(after if last is None else last), headers=_HEADERS)


def _last(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and int(last_event_id[:20]) <= MAX_POSITION):
        raise parameter_fault("Last-Event-ID", "is no event's id")
    return int(last_event_id)
