"""The webhooks' messages as an AsyncAPI 3.0 document: `python -m webhooks.asyncapi > docs/asyncapi.json`."""

import json
import re
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from orders.events import EVENTS
from orders.topics import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT
from webhooks.envelope import CONTENT_TYPE, SOURCE
from webhooks.messages import RevenueMessage, ShipmentMessage

_MODELS: Final[dict[str, type[BaseModel]]] = {
    **{event.event_type: event for event in EVENTS},
    NOTIFICATIONS_SHIPMENT: ShipmentMessage,
    ANALYTICS_REVENUE: RevenueMessage,
}
_ABOUT: Final = (
    "Events of orders, sent by HTTP POST to the endpoints that subscribe to them. An order's events arrive in order, each at "
    "least once: a repeated message has the same `webhook-id`. Every message is signed as Standard Webhooks specifies "
    "(https://www.standardwebhooks.com). Respond 2xx within 15 seconds; any other response is retried for three days."
)
_SIGNATURE: Final = (
    "HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` with the endpoint's secret, as `v1,` and base64; several, "
    "separated by blanks, while a rotation of the secret overlaps."
)


def document() -> dict[str, Any]:
    """Return the whole document, which is deterministic."""
    _, schemas = models_json_schema(
        [(model, "serialization") for model in _MODELS.values()], ref_template="#/components/schemas/{model}"
    )
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Orders: webhooks", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": CONTENT_TYPE,
        "servers": {"receiver": _receiver()},
        "channels": {_name(each): _channel(each) for each in _MODELS},
        "operations": {f"send-{_name(each)}": _operation(each) for each in _MODELS},
        "components": {
            "messages": {_name(each): _message(each) for each in _MODELS},
            "schemas": schemas["$defs"] | {"WebhookHeaders": _headers()},
            "securitySchemes": {
                "signature": {
                    "type": "httpApiKey",
                    "name": "webhook-signature",
                    "in": "header",
                    "description": _SIGNATURE,
                }
            },
        },
    }


def _receiver() -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": "https",
        "description": "The receiver's own address, as its endpoint was added.",
        "variables": {"host": {"description": "host, port and path of the endpoint"}},
        "security": [{"$ref": "#/components/securitySchemes/signature"}],
    }


def _channel(event_type: str) -> dict[str, Any]:
    name = _name(event_type)
    return {
        "title": event_type,
        "description": _first_line(event_type),
        "servers": [{"$ref": "#/servers/receiver"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _operation(event_type: str) -> dict[str, Any]:
    name = _name(event_type)
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "bindings": {"http": {"method": "POST"}},
    }


def _message(event_type: str) -> dict[str, Any]:
    return {
        "name": event_type,
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": "#/components/schemas/WebhookHeaders"},
        "payload": _envelope(event_type),
    }


def _envelope(event_type: str) -> dict[str, Any]:
    """A CloudEvent in structured mode."""
    of_an_order = event_type.startswith("order.")
    properties: dict[str, Any] = {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "The same as `webhook-id`, over all attempts."},
        "source": {"const": SOURCE},
        "type": {"const": event_type},
        "subject": {"type": "string", "description": "The order's id."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "data": {"$ref": f"#/components/schemas/{_MODELS[event_type].__name__}"},
    }
    if of_an_order:
        properties["sequence"] = {
            "type": "string",
            "pattern": "^[0-9]{10}$",
            "description": "The event's number within its order, its notes and tags included.",
        }
        properties["schemaversion"] = {"type": "integer", "minimum": 1, "description": "Of `data`."}
    return {"type": "object", "required": list(properties), "properties": properties}


def _headers() -> dict[str, Any]:
    properties = {
        "webhook-id": {"type": "string", "format": "uuid", "description": "The same over all attempts."},
        "webhook-timestamp": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "Of the attempt, in Unix seconds.",
        },
        "webhook-signature": {"type": "string", "description": _SIGNATURE},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _first_line(event_type: str) -> str:
    return (_MODELS[event_type].__doc__ or "").strip().splitlines()[0]


def _name(event_type: str) -> str:
    """Return a key of the document, which must not contain a dot."""
    return re.sub(r"[^A-Za-z0-9]+", "-", event_type)


if __name__ == "__main__":
    print(json.dumps(document(), indent=2, ensure_ascii=False))
