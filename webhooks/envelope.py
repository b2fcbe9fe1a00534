"""The body of a webhook: a CloudEvent 1.0 in structured mode, made from the log and the same each time."""

from datetime import UTC
from typing import Any, Final

import orjson

from eventstore.errors import UndecodableEvent
from eventstore.model import RecordedEvent
from webhooks.topics import MESSAGES, order_of

CONTENT_TYPE: Final = "application/cloudevents+json"
SOURCE: Final = "/orders"


def body(event: RecordedEvent) -> bytes:
    """The bytes that are sent and signed. A published message is a CloudEvent already, and goes out as it is.

    Raises UndecodableEvent, where the data is nested too deeply to be written again, too.
    """
    try:
        return orjson.dumps(event.data if event.type in MESSAGES else cloud_event(event))
    except orjson.JSONEncodeError as error:
        raise UndecodableEvent(event.type, event.position, f"data: {error}") from None


def cloud_event(event: RecordedEvent) -> dict[str, Any]:
    """An order's event with its data as it was recorded.

    sequence: the version of the order's stream, which has no gaps, as digits that sort. schemaversion: of the data.
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
