"""How an order that is placed is described; its rules themselves are `orders.model`'s."""

from typing import Any, Final

from orders.model import Order

_SCHEMA: Final = Order.model_json_schema(by_alias=True, mode="validation", ref_template="#/components/schemas/{model}")
# Its parts are components of the whole description; see `web.app.create_app`.
ORDER_PARTS: Final[dict[str, Any]] = _SCHEMA.pop("$defs")
ORDER_BODY: Final[dict[str, Any]] = {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}
