"""JSON schema of an order to be placed, from `orders.model`."""

from typing import Any, Final

from orders.model import Order

# Responses have parts of the same names, with other rules: all of their fields are there.
_SUFFIX: Final = "Request"
ORDER_SCHEMA: Final[dict[str, Any]] = Order.model_json_schema(
    by_alias=True, mode="validation", ref_template="#/components/schemas/{model}" + _SUFFIX
)
ORDER_SCHEMA["required"].remove("placedAt")  # by default the time of the request: `orders.model.parse_order`
# Its parts are components of the whole description; see `web.openapi`.
ORDER_PARTS: Final[dict[str, Any]] = {f"{name}{_SUFFIX}": part for name, part in ORDER_SCHEMA.pop("$defs").items()}
RESPONSE_PARTS: Final = tuple(name.removesuffix(_SUFFIX) for name in ORDER_PARTS)
"""Parts of an order in responses, which have every field, empty ones too. In events an older one may lack a later field."""
ORDER_BODY: Final[dict[str, Any]] = {"required": True, "content": {"application/json": {"schema": ORDER_SCHEMA}}}
