"""Topics of endpoints, and the events that belong to them."""

from collections.abc import Sequence
from typing import Final

from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from orders.events import ANNOTATIONS, EVENTS
from orders.ids import MAX_ID_LENGTH, stream_name
from orders.topics import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT
from webhooks.errors import InvalidEndpoint

EVERYTHING: Final = "*"
EVERY_ORDER_EVENT: Final = "order.*"
ORDER_EVENTS: Final = tuple(sorted(event.event_type for event in EVENTS))
MESSAGES: Final = (ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT)
BY_NAME: Final = frozenset(event.event_type for event in ANNOTATIONS)
"""Notes and tags: the operators' own, in neither `*` nor `order.*`, so that an endpoint receives them by their names alone."""
TOPICS: Final = (EVERYTHING, EVERY_ORDER_EVENT, *ORDER_EVENTS, *MESSAGES)
_ORDER_STREAM: Final = stream_name("")


def checked_topics(topics: Sequence[str]) -> list[str]:
    """Return the topics sorted and without duplicates. Raises InvalidEndpoint where one is unknown, or there is none."""
    unknown = [topic for topic in topics if topic not in TOPICS]
    if unknown:
        raise InvalidEndpoint("topics", f"{unknown[0][:100]!r} is none of {', '.join(TOPICS)}")
    if not topics:
        raise InvalidEndpoint("topics", "must name at least one topic")
    return sorted(set(topics))


def is_deliverable(event: RecordedEvent) -> bool:
    """Return True for an order's event, of an unknown type too, and for a published message."""
    if event.type in MESSAGES:
        return event.stream == event.type
    return event.type.startswith("order.") and event.stream.startswith(_ORDER_STREAM)


def wants(topics: Sequence[str], event_type: str) -> bool:
    if event_type in topics or event_type in BY_NAME:
        return event_type in topics
    return EVERYTHING in topics or (EVERY_ORDER_EVENT in topics and event_type.startswith("order."))


def order_of(event: RecordedEvent) -> str:
    """Return the order within whose deliveries the event is ordered."""
    if event.stream.startswith(_ORDER_STREAM):
        return event.stream.removeprefix(_ORDER_STREAM)
    try:
        subject = event.data.get("subject")
    except UndecodableEvent:  # its own delivery is parked when it is due
        return event.stream
    return subject if isinstance(subject, str) and 0 < len(subject) <= MAX_ID_LENGTH else event.stream
