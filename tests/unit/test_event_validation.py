"""Events refused before the call to the database, and the path in the error."""

import contextlib
import math
from collections import namedtuple
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.errors import InvalidEvent
from eventstore.model import NewEvent
from eventstore.validation import (
    MAX_DEPTH,
    MAX_EVENT_BYTES,
    _checked,
    _plainly_valid,
    check_expected,
    check_name,
    serialise,
)

Point = namedtuple("Point", "x y")


class Level(IntEnum):
    HIGH = 3


def nested(levels: int, innermost: object = 1) -> dict[str, Any]:
    value: object = innermost
    for _ in range(levels):
        value = {"a": value}
    assert isinstance(value, dict)
    return value


def refusal_of(event: NewEvent) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as refusal:
        serialise(event, "events[0]")
    return refusal.value


def event_with(data: Any) -> NewEvent:
    return NewEvent(uuid4(), "counter.added", data)


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        ({"name": "a\x00b"}, "data.name", "NUL"),
        ({"name": "æ\x00"}, "data.name", "NUL"),
        ({"name": "\ud800"}, "data.name", "lone surrogate"),
        ({"name": "ok \udfff"}, "data.name", "lone surrogate"),
        ({"a\x00": 1}, "data.'a\\x00'", "NUL"),
        ({"a": {"\udc00": 1}}, "data.a.'\\udc00'", "lone surrogate"),
        ({"items": [{"name": "x"}, {}, {"name": "\x00"}]}, "data.items[2].name", "NUL"),
        ({"a": {"b": [[{"c": "\ud800"}]]}}, "data.a.b[0][0].c", "lone surrogate"),
        ({"n": math.nan}, "data.n", "nan"),
        ({"n": [1.0, math.inf]}, "data.n[1]", "inf"),
        ({"n": -math.inf}, "data.n", "-inf"),
        ({"n": 2**63}, "data.n", "64 bits"),
        ({"n": -(2**63) - 1}, "data.n", "64 bits"),
        ({"n": 10**400}, "data.n", "64 bits"),
        ({1: "x"}, "data", "key that is a int"),
        ({"a": {None: "x"}}, "data.a", "key that is a NoneType"),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "data.at", "datetime"),
        ({"id": uuid4()}, "data.id", "UUID"),
        ({"price": Decimal("1.10")}, "data.price", "Decimal"),
        ({"raw": b"bytes"}, "data.raw", "bytes"),
        ({"set": {1}}, "data.set", "set"),
        ([1], "data", "not a JSON object"),
        ("text", "data", "not a JSON object"),
        (None, "data", "not a JSON object"),
        (nested(MAX_DEPTH + 1), "data" + ".a" * MAX_DEPTH, "nested deeper"),
        (nested(10_000), "data" + ".a" * MAX_DEPTH, "nested deeper"),
    ],
)
def test_given_data_that_json_or_postgresql_cannot_hold_then_the_refusal_names_the_field(
    data: Any, path: str, problem: str
) -> None:
    refusal = refusal_of(event_with(data))
    assert refusal.path == f"events[0].{path}"
    assert problem in refusal.problem
    str(refusal).encode()


def test_given_bad_metadata_then_the_refusal_names_the_field() -> None:
    assert refusal_of(NewEvent(uuid4(), "t", {}, {"actor": "\x00"})).path == "events[0].metadata.actor"


def test_given_a_structure_that_holds_itself_then_it_is_refused() -> None:
    data: dict[str, Any] = {}
    data["self"] = data
    assert "nested deeper" in refusal_of(event_with(data)).problem


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "not-a-uuid"),
        ("type", ""),
        ("type", None),
        ("type", "t" * 513),
        ("type", "é" * 257),
        ("type", "a\x00b"),
        ("schemaVersion", 0),
        ("schemaVersion", 2**31),
        ("schemaVersion", True),
        ("schemaVersion", "1"),
    ],
)
def test_given_a_bad_field_of_the_event_itself_then_the_refusal_names_it(field: str, value: Any) -> None:
    fields: dict[str, Any] = {"id": uuid4(), "type": "t", "schemaVersion": 1, field: value}
    event = NewEvent(fields["id"], fields["type"], {}, {}, fields["schemaVersion"])
    assert refusal_of(event).path == f"events[0].{field}"


@pytest.mark.parametrize("name", ["n" * 512, "é" * 256, "order-1", " ", "日本"])
def test_given_a_name_of_at_most_512_bytes_then_it_is_taken(name: str) -> None:
    check_name("stream", name)


@pytest.mark.parametrize("name", ["", "n" * 513, "é" * 257, "a\x00", "\ud800", None, 5, b"order-1"])
def test_given_a_name_that_is_no_text_or_does_not_fit_then_it_is_refused(name: object) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        check_name("stream", name)
    assert refusal.value.path == "stream"


@pytest.mark.parametrize("expected", [-3, 2**63, True, 1.0, "1", None])
def test_given_an_expectation_that_is_no_version_then_it_is_refused(expected: object) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        check_expected(expected)
    assert refusal.value.path == "expected"


@pytest.mark.parametrize("expected", [-2, -1, 0, 1, 2**63 - 1])
def test_given_an_expectation_of_any_kind_then_it_is_taken(expected: int) -> None:
    check_expected(expected)


def test_given_an_event_of_exactly_one_mebibyte_then_it_is_taken_and_one_byte_more_is_refused() -> None:
    frame = len(b'{"text":""}') + len(b"{}")
    serialise(event_with({"text": "x" * (MAX_EVENT_BYTES - frame)}), "events[0]")
    refusal = refusal_of(event_with({"text": "x" * (MAX_EVENT_BYTES - frame + 1)}))
    assert (refusal.path, "1,048,577 bytes" in refusal.problem) == ("events[0]", True)


def test_given_the_deepest_allowed_nesting_then_it_is_taken() -> None:
    serialise(event_with(nested(MAX_DEPTH)), "events[0]")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Level.HIGH, 3),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ((1, 2), [1, 2]),
        (Point(1, 2), [1, 2]),
        ("🚢 \u2028", "🚢 \u2028"),
        (-(2**63), -(2**63)),
    ],
)
def test_given_a_relative_of_a_json_type_then_it_is_written_as_that_type(value: object, written: object) -> None:
    data, _ = serialise(event_with({"v": value}), "events[0]")
    assert orjson.loads(data) == {"v": written}


def test_given_a_subclass_the_encoder_does_not_take_then_it_is_refused_and_nothing_else_escapes() -> None:
    class Key(str):
        pass

    assert refusal_of(event_with({Key("a"): 1})).path == "events[0].data"


class Kind(Enum):
    NAMED = "named"
    NUMBERED = 1


class Name(StrEnum):
    FIRST = "first"


ENCODED_BY_ORJSON = [*Kind, Name.FIRST, Level.HIGH, UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)]
ENCODED_BY_ORJSON += [orjson.Fragment(b"1"), orjson.Fragment(b"no JSON")]
JSON_OR_WORSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary(max_size=3)
    | st.sampled_from(["\\u0000", "\x00", 2**53, 2**63 - 1, 2**63, *ENCODED_BY_ORJSON]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters()), JSON_OR_WORSE, max_size=4))
def test_given_anything_then_it_is_refused_or_written_as_what_it_is_and_no_other_error_escapes(
    data: Mapping[str, Any],
) -> None:
    with contextlib.suppress(InvalidEvent):
        text, _ = serialise(event_with(data), "events[0]")
        assert "\\u0000" not in text.replace("\\\\", "")
        assert orjson.loads(text) == data


@given(st.dictionaries(st.text(st.characters()), JSON_OR_WORSE, max_size=4))
def test_given_anything_then_the_quick_check_accepts_nothing_that_the_walk_refuses(data: Mapping[str, Any]) -> None:
    if (quick := _plainly_valid(data)) is not None:
        assert quick == _checked("data", data)


@pytest.mark.parametrize("value", [Kind.NAMED, UUID(int=1), datetime.now(UTC), orjson.Fragment(b"{}"), math.nan, 2**63])
def test_given_a_value_that_the_encoder_converts_then_it_is_refused_in_a_list_too(value: object) -> None:
    assert refusal_of(event_with({"values": [value]})).path == "events[0].data.values[0]"


def test_given_the_data_of_an_order_then_the_quick_check_is_enough() -> None:
    assert _plainly_valid({"id": "o-1", "items": [{"sku": "A", "quantity": 2, "note": None}], "rate": 0.5})
