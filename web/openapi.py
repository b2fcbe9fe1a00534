"""The API's own description, OpenAPI 3.1."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.bulk_events import NAMES
from web.models import OrderChangedProblem, ProblemDocument
from web.order_schema import ORDER_PARTS, RESPONSE_PARTS, state_defaults

_TEXT: Final = (
    "Place, read and manage orders. JSON in camelCase, amounts in minor units of the currency, times in UTC. "
    "Every error is a problem document (RFC 9457). Roles: read, write (place and cancel), operate (all); each operation's "
    "role is in x-required-role."
)

_UNREFERENCED: Final[tuple[type[BaseModel], ...]] = (ProblemDocument, OrderChangedProblem, *NAMES)
"""Documents of responses that no route returns as its model."""
TAGS: Final = {
    "orders": "Place orders, read them, act on them, and export lists of them.",
    "customers": "Customers by their orders, a row for each currency.",
    "inventory": "Stock levels, adjustments by a person, and units that come back.",
    "figures": "Figures by day: orders, revenue, time to shipment.",
    "operations": "State of the system: what needs attention, read models, the caller.",
    "streams": "Server-sent events, as they happen.",
    "webhooks": "Endpoints of webhooks, and deliveries to them.",
    "gateways": "Events from payment providers, which sign them.",
    "health": "Probes of the process.",
}


def describe(api: FastAPI) -> None:
    """Add the problem document, the order's schema and the API key to the application's description."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _described(api)
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]


def _described(api: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=api.title, version=api.version, description=_TEXT, routes=api.routes)
    schema["servers"] = [{"url": "/", "description": "The server of this description"}]
    schema["info"]["license"] = {"name": "MIT", "identifier": "MIT"}
    schema["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = schema.setdefault("components", {})
    _, documents = models_json_schema(
        [(model, "serialization") for model in _UNREFERENCED],
        ref_template="#/components/schemas/{model}",
    )
    components.setdefault("schemas", {}).update(documents["$defs"] | ORDER_PARTS)
    for name in RESPONSE_PARTS:
        components["schemas"][name]["required"] = list(components["schemas"][name]["properties"])
    for part in components["schemas"].values():
        state_defaults(part)
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "A key of ORDERS_API_KEYS"}
    }
    return schema
