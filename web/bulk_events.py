"""Server-sent events of a bulk action."""

from typing import Any, Final

from fastapi.sse import format_sse_event
from pydantic import BaseModel

from application.bulk_action import BulkResult, BulkSummary
from application.documents import Document
from web.event_stream import EventStream


class BulkStarted(Document):
    """orders: their number."""

    orders: int


class BulkEnded(BulkSummary):
    """reason: why orders are left; null where none is."""

    reason: str | None


NAMES: Final[dict[type[BaseModel], str]] = {BulkStarted: "start", BulkResult: "order", BulkEnded: "end"}


def encoded(document: Document) -> bytes:
    return format_sse_event(data_str=document.model_dump_json(), event=NAMES[type(document)])


def _described(model: type[BaseModel], name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    return {"type": "object", "properties": {"event": {"const": name}, "data": data}, "required": ["event", "data"]}


# The type in place of the framework's, which is text.
_SCHEMA: Final = {"type": "object", "oneOf": [_described(*each) for each in NAMES.items()]}
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The progress of the action",
        "content": {EventStream.media_type: {"schema": _SCHEMA}},
    }
}
"""The response of a bulk action, for its description."""
