"""JSON schema of an order to be placed, from `orders.model`."""

import json
from typing import Any, Final

from orders.model import Order


def state_defaults(part: dict[str, Any]) -> None:
    """Describe the default of each field that may be left out: generators of clients require a field with the keyword."""
    required = part.get("required", ())
    for name, field in part.get("properties", {}).items():
        default = None if name in required else field.pop("default", None)
        if default is not None:
            stated = f"default: {json.dumps(default)}"
            field["description"] = "; ".join(filter(None, (field.get("description"), stated)))


# Responses have parts of the same names, with other rules: all of their fields are there.
_SUFFIX: Final = "Request"
ORDER_SCHEMA: Final[dict[str, Any]] = Order.model_json_schema(
    by_alias=True, mode="validation", ref_template="#/components/schemas/{model}" + _SUFFIX
)
state_defaults(ORDER_SCHEMA)
ORDER_SCHEMA["required"].remove("placedAt")  # by default the time of the request: `orders.model.parse_order`
# Its parts are components of the whole description; see `web.openapi`.
ORDER_PARTS: Final[dict[str, Any]] = {f"{name}{_SUFFIX}": part for name, part in ORDER_SCHEMA.pop("$defs").items()}
RESPONSE_PARTS: Final = tuple(name.removesuffix(_SUFFIX) for name in ORDER_PARTS)
"""Parts of an order in responses, which have every field, empty ones too. In events an older one may lack a later field."""
ORDER_BODY: Final[dict[str, Any]] = {"required": True, "content": {"application/json": {"schema": ORDER_SCHEMA}}}
