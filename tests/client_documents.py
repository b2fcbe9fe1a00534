"""Generates orders_client/documents.py and requests.py from the API's own description: `make client`."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from unittest.mock import MagicMock

from settings import Settings
from web.app import create_app
from web.models import OrderChanged

# Of the operations that the client has methods for; the parts that they consist of follow by themselves.
MODULES: Final = {
    "documents": (
        *("Acted", "OrderChanged", "OrderDocument", "OrderRow", "Placed", "ProblemDocument"),
        *("RefundAsked", "Retried", "Tagged", "TimelineEvent"),
    ),
    "requests": ("NewOrder", "OrderFilter"),
}
_PAGES: Final = ("limit", "after")
_NAMES: Final = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_HEAD: Final = '''"""The HTTP API's {module}, as in its OpenAPI description. Generated: `make client` writes this file."""

from __future__ import annotations

from typing import {names}
'''
FOLDER: Final = Path(__file__).parent.parent / "orders_client"


def source(module: str) -> str:
    """The source of a module."""
    schemas = _schemas()
    wanted = sorted(_closure(schemas, MODULES[module]))
    values = [f"{name} = {_type(schemas[name])}\n" for name in wanted if "enum" in schemas[name]]
    classes = [_class(name, schemas[name]) for name in wanted if "enum" not in schemas[name]]
    content = "".join(f"\n{each}" for each in values) + "".join(f"\n\n{each}\n" for each in classes)
    names = [name for name in ("Any", "Literal", "NotRequired", "TypedDict") if re.search(rf"\b{name}\b", content)]
    return _HEAD.format(module=module, names=", ".join(names)) + content


def _schemas() -> dict[str, Any]:
    description = create_app(MagicMock(settings=Settings()), MagicMock()).openapi()
    body = description["paths"]["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    filters = description["paths"]["/v1/orders"]["get"]["parameters"]
    properties = {
        each["name"]: each["schema"] for each in filters if each["in"] == "query" and each["name"] not in _PAGES
    }
    change = OrderChanged.model_json_schema(mode="serialization")
    schemas: dict[str, Any] = description["components"]["schemas"]
    return {**schemas, "NewOrder": body, "OrderChanged": change, "OrderFilter": {"properties": properties}}


def _closure(schemas: dict[str, Any], wanted: Iterable[str]) -> set[str]:
    found, open_ = set[str](), list(wanted)
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += re.findall(r'"#/components/schemas/(\w+)"', json.dumps(schemas[name]))
    return found


def _class(name: str, schema: dict[str, Any]) -> str:
    return f"class {name}(TypedDict):\n" + "\n".join(_fields(schema))


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for name, field in schema["properties"].items():
        found = _type(field)
        yield f"    {name}: {found if name in required else f'NotRequired[{found}]'}"


def _type(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"anyOf": choices}:
            return " | ".join(map(_type, choices))
        case {"enum": values}:
            return f"Literal[{', '.join(json.dumps(value) for value in values)}]"
        case {"const": value}:
            return f"Literal[{json.dumps(value)}]"
        case {"type": "array", "items": items}:
            return f"list[{_type(items)}]"
        case {"type": "object", "additionalProperties": dict() as values} if values:
            return f"dict[str, {_type(values)}]"
        case {"type": "object"}:
            return "dict[str, Any]"
        case {"type": name}:
            return _NAMES[name]
        case _:
            return "Any"


if __name__ == "__main__":
    for module in MODULES:
        (FOLDER / f"{module}.py").write_text(source(module))
