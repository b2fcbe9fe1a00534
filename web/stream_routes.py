"""GET: streams of server-sent events."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header

from web.event_stream import UNBUFFERED, EventStream
from web.keys import Role
from web.parameters import MAX_POSITION, OrderId, PositionOrNow, PositionQuery
from web.problems import parameter_fault
from web.route import ApiRoute, requires
from web.system import Asking, Shared

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["streams"])
_POSITION = re.compile(r"[0-9]{1,19}", re.ASCII)
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="the last event received; has priority over `after`")
]


async def _room(system: Shared, caller: Asking) -> AsyncIterator[None]:
    # Held until the response is complete: that is when the framework goes on after a yield.
    with system.streams.room(caller.name):
        yield


Room = Annotated[None, Depends(_room)]


@router.get("/orders/{orderId}/events", response_class=EventStream)
@requires(Role.READ)
async def follow_order(
    system: Shared, room: Room, order_id: OrderId, after: PositionQuery = 0, last_event_id: LastEventId = None
) -> EventStream:
    """The order's events after a version, then each as it happens; an event's id is its version."""
    last = _last(last_event_id)
    chunks = await system.streams.of_order(order_id, after if last is None else last)
    return EventStream(chunks, headers=UNBUFFERED)


@router.get("/events", response_class=EventStream)
@requires(Role.READ)
async def follow_all(
    system: Shared, room: Room, after: PositionOrNow = None, last_event_id: LastEventId = None
) -> EventStream:
    """A line for each change of any order, from now on or after a position, once GET /v1/orders shows it."""
    last = _last(last_event_id)
    return EventStream(await system.streams.of_all(after if last is None else last), headers=UNBUFFERED)


def _last(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not _POSITION.fullmatch(last_event_id) or int(last_event_id) > MAX_POSITION:
        raise parameter_fault("Last-Event-ID", "is not an event's id")
    return int(last_event_id)
