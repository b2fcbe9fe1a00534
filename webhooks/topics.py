"""What an endpoint can be told of, and which events it is told of."""

from collections.abc import Sequence
from typing import Final

from activities.signatures import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT
from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from orders.events import EVENTS
from orders.ids import MAX_ID_LENGTH, stream_name
from webhooks.errors import InvalidEndpoint

EVERYTHING: Final = "*"
EVERY_ORDER_EVENT: Final = "order.*"
ORDER_EVENTS: Final = tuple(sorted(event.event_type for event in EVENTS))
MESSAGES: Final = (ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT)
TOPICS: Final = (EVERYTHING, EVERY_ORDER_EVENT, *ORDER_EVENTS, *MESSAGES)
_ORDER_STREAM: Final = stream_name("")


def checked_topics(topics: Sequence[str]) -> list[str]:
    """The topics, each once, in order. Raises InvalidEndpoint where one is not known, or there is none."""
    unknown = [topic for topic in topics if topic not in TOPICS]
    if unknown:
        raise InvalidEndpoint("topics", f"{unknown[0][:100]!r} is none of {', '.join(TOPICS)}")
    if not topics:
        raise InvalidEndpoint("topics", "must name at least one topic")
    return sorted(set(topics))


def concerns_others(event: RecordedEvent) -> bool:
    """Whether the event is one that endpoints can be told of. A type that this program does not know yet may be."""
    if event.type in MESSAGES:
        return event.stream == event.type
    return event.type.startswith("order.") and event.stream.startswith(_ORDER_STREAM)


def wants(topics: Sequence[str], event_type: str) -> bool:
    """Whether an endpoint with these topics is told of events of this type."""
    return (
        EVERYTHING in topics
        or event_type in topics
        or (EVERY_ORDER_EVENT in topics and event_type.startswith("order."))
    )


def order_of(event: RecordedEvent) -> str:
    """The order whose deliveries the event takes its turn among."""
    if event.stream.startswith(_ORDER_STREAM):
        return event.stream.removeprefix(_ORDER_STREAM)
    try:
        subject = event.data.get("subject")
    except UndecodableEvent:  # its own delivery is parked when it is due
        return event.stream
    return subject if isinstance(subject, str) and 0 < len(subject) <= MAX_ID_LENGTH else event.stream
