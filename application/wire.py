"""Fields in wire spelling."""

from typing import Any


def camel_case(fields: dict[str, Any]) -> dict[str, Any]:
    """A dataclass's or a named tuple's fields in wire spelling."""
    return {_camel(name): value for name, value in fields.items()}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
