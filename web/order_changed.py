"""Refusal of an act on a version of an order that is no longer the present one: the order, who changed it, and who holds it."""

from collections.abc import Sequence

from application.documents import OrderDocument
from eventstore.errors import UnexpectedVersion
from eventstore.model import RecordedEvent
from order_streams import Orders, load_events
from orders.events import Event, OrderHeld
from web.models import OrderChange
from web.preconditions import etag
from web.problems import Problem


async def order_changed(orders: Orders, error: UnexpectedVersion) -> Problem:
    """Build the problem with the last change of the order, and the hold where it is on hold."""
    order = OrderDocument.of(error.state, error.actual)
    events = (await load_events(orders, order.order_id))[: error.actual]
    last = _change(events[-1][0])
    held = _hold(events) if order.hold else None
    detail = (
        f"order {order.order_id} has changed: it is at version {error.actual} ({order.status}), "
        f"by {last.type} of {last.actor or 'unknown'}; nothing was done"
    )
    members = {
        "order": order.model_dump(mode="json"),
        "lastChange": last.model_dump(mode="json"),
        "hold": held.model_dump(mode="json") if held else None,
    }
    return Problem(412, "order-changed", detail, headers={"ETag": etag(error.actual)}, members=members)


def _hold(events: Sequence[tuple[RecordedEvent, Event]]) -> OrderChange | None:
    return next((_change(recorded) for recorded, event in reversed(events) if isinstance(event, OrderHeld)), None)


def _change(recorded: RecordedEvent) -> OrderChange:
    return OrderChange(
        version=recorded.version,
        type=recorded.type,
        actor=recorded.metadata.get("actor"),
        recorded_at=recorded.recorded_at,
    )
