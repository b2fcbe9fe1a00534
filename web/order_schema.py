"""JSON schema of an order to be placed, from `orders.model`."""

from typing import Any, Final

from orders.model import Order

_SCHEMA: Final = Order.model_json_schema(by_alias=True, mode="validation", ref_template="#/components/schemas/{model}")
# Its parts are components of the whole description; see `web.openapi`.
ORDER_PARTS: Final[dict[str, Any]] = _SCHEMA.pop("$defs")
ORDER_BODY: Final[dict[str, Any]] = {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}
