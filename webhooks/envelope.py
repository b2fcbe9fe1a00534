"""The body of a webhook: a CloudEvent 1.0 in structured mode, the same for every attempt."""

from datetime import UTC
from typing import Any, Final

import orjson

from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from webhooks.topics import MESSAGES, order_of

CONTENT_TYPE: Final = "application/cloudevents+json"
SOURCE: Final = "/orders"


def body(event: RecordedEvent) -> bytes:
    """Return the bytes that are sent and signed. A published message is a CloudEvent already and is sent unchanged.

    Raises UndecodableEvent, also where the data is nested too deeply to be encoded.
    """
    try:
        return orjson.dumps(event.data if event.type in MESSAGES else cloud_event(event))
    except orjson.JSONEncodeError as error:
        raise UndecodableEvent(event.type, event.position, f"data: {error}") from None


def payload_of(event: RecordedEvent) -> dict[str, Any] | None:
    """Return the body as a document; None where the event cannot be sent."""
    try:
        found: dict[str, Any] = orjson.loads(body(event))
    except UndecodableEvent:
        return None
    return found


def cloud_event(event: RecordedEvent) -> dict[str, Any]:
    """Return an order's event with its recorded data.

    sequence: the event's version in the order's stream, as digits that sort. schemaversion: the data's.
    """
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": SOURCE,
        "type": event.type,
        "subject": order_of(event),
        "time": event.recorded_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "sequence": f"{event.version:010}",
        "schemaversion": event.schema_version,
        "data": event.data,
    }
