"""Validates events before the append: refuses values that jsonb or a reader cannot hold."""

import math
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from eventstore.errors import InvalidEvent
from eventstore.model import NewEvent

MAX_NAME_BYTES = 512
MAX_EVENT_BYTES = 1024 * 1024
MAX_DEPTH = 64
# Values that the encoder would convert, or write in more than 53 bits, are refused by it, and so examined one by one.
_STRICT = (
    orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_FLAT = frozenset((str, int, bool, type(None)))
"""Types whose values come back equal from their JSON."""
_INT64 = 2**63
_INT32 = 2**31


def check_name(path: str, name: object) -> None:
    """Refuse a name that is not text, is empty or over 512 bytes, or cannot be stored by PostgreSQL."""
    if type(name) is str and name.isascii() and 0 < len(name) <= MAX_NAME_BYTES and "\x00" not in name:
        return
    if not isinstance(name, str):
        raise InvalidEvent(path, f"is a {type(name).__name__}, not text")
    if not name:
        raise InvalidEvent(path, "is empty")
    _check_text(path, name)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidEvent(path, f"is longer than {MAX_NAME_BYTES} bytes")


def serialise(event: NewEvent, path: str) -> tuple[str, str]:
    """Data and metadata as JSON text; raises InvalidEvent with the field's path."""
    check_name(f"{path}.type", event.type)
    if not isinstance(event.id, UUID):
        raise InvalidEvent(f"{path}.id", f"is a {type(event.id).__name__}, not a UUID")
    if not _whole(event.schema_version) or not 1 <= event.schema_version < _INT32:
        raise InvalidEvent(f"{path}.schemaVersion", f"is not a whole number from 1 to {_INT32 - 1:,}")
    data = _plainly_valid(event.data) or _checked(f"{path}.data", event.data)
    metadata = _plainly_valid(event.metadata) or _checked(f"{path}.metadata", event.metadata)
    if len(data) + len(metadata) > MAX_EVENT_BYTES:
        raise InvalidEvent(path, f"has {len(data) + len(metadata):,} bytes of JSON, the limit is {MAX_EVENT_BYTES:,}")
    return data.decode(), metadata.decode()


def check_expected(expected: object) -> None:
    """Refuse any value but NO_STREAM, STREAM_EXISTS, ANY and a version."""
    if not isinstance(expected, int) or not _whole(expected) or not -2 <= expected < _INT64:
        raise InvalidEvent("expected", f"{expected!r} is no version: use NO_STREAM, STREAM_EXISTS, ANY or a version")


def check_page(limit: int) -> None:
    """Refuse a page of no events: a reader would never get on."""
    if limit < 1:
        raise ValueError(f"limit is {limit}, a page holds at least 1 event")


def _whole(value: object) -> bool:
    return type(value) is int or (isinstance(value, int) and not isinstance(value, bool))


def _plainly_valid(value: Mapping[str, Any]) -> bytes | None:
    """The JSON of a dictionary whose validity the JSON shows; None for any other value, valid or not.

    The JSON has the same value: the encoder also accepts UUID, which comes back as text, and NaN, which comes back as None.
    """
    if type(value) is not dict:
        return None
    if not value:
        return b"{}"
    try:
        text = orjson.dumps(value, option=_STRICT)
        if b"\\u0000" in text:
            return None
        if _FLAT.issuperset(map(type, value.values())):
            return text
        is_shallow = text.count(b"{") + text.count(b"[") <= MAX_DEPTH
        return text if is_shallow and orjson.loads(text) == value else None
    except (TypeError, orjson.JSONDecodeError):
        return None


def _checked(path: str, value: Mapping[str, Any]) -> bytes:
    """The JSON of a value. Raises InvalidEvent with the path of the first invalid field."""
    if not isinstance(value, Mapping):
        raise InvalidEvent(path, "is not a JSON object")
    _check(path, value, 0)
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError as error:  # a subclass of a JSON type that the encoder does not take for one
        raise InvalidEvent(path, f"cannot be written as JSON: {error}") from None


def _plain(value: object) -> object:
    """Convert mappings and tuples, which the encoder does not support; their content has been checked."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return list(value)
    raise TypeError(f"a {type(value).__name__} is not a JSON value")


def _check(path: str, value: object, depth: int) -> None:
    if isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, bool | None):
        return
    elif isinstance(value, int):
        if not -_INT64 <= value < _INT64:
            raise InvalidEvent(path, "is an integer outside 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidEvent(path, f"is {value}, which JSON cannot hold")
    elif depth >= MAX_DEPTH:
        raise InvalidEvent(path, f"is nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, Mapping):
        _check_object(path, value, depth)
    elif isinstance(value, list | tuple):
        _check_array(path, value, depth)
    else:
        raise InvalidEvent(path, f"is a {type(value).__name__}, not a JSON value")


def _check_object(path: str, value: Mapping[object, object], depth: int) -> None:
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidEvent(path, f"has a key that is a {type(key).__name__}, not text")
        _check_text(f"{path}.{key!r}", key)
        _check(f"{path}.{key}", item, depth + 1)


def _check_array(path: str, value: Sequence[object], depth: int) -> None:
    for index, item in enumerate(value):
        _check(f"{path}[{index}]", item, depth + 1)


def _check_text(path: str, text: str) -> None:
    if text.isascii():
        if "\x00" in text:
            raise InvalidEvent(path, "contains a NUL character")
    elif any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidEvent(path, "contains a lone surrogate")
    elif "\x00" in text:
        raise InvalidEvent(path, "contains a NUL character")
