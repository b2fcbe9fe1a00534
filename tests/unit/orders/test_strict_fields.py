"""Stored events pass pydantic's strict mode, which accepts nothing that the fields' own rules refuse."""

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from orders.events import Event, OrderPlaced
from orders.fields import MAX_LINES, Identifier, OptionalText, PaymentMethod, Sku, UtcTime
from orders.model import OrderLines
from tests.unit.orders.samples import ON_THE_WIRE, PLACED, line

SAMPLES: Final = [event for event, _ in ON_THE_WIRE]
KINDS: Final[dict[str, Any]] = {
    "Identifier": Identifier,
    "Sku": Sku,
    "OptionalText": OptionalText,
    "PaymentMethod": PaymentMethod,
    "UtcTime": UtcTime,
    "OrderLines": OrderLines,
}
_TEXTS: Final = (
    st.text()
    | st.text(alphabet="aZ09 ./-_:|\x00\x7f\u00a0\u00ad\u115f\u2800\u3164\ufe0fÄяぁ一\ud800", max_size=20)
    | st.text(alphabet="0123456789- ", max_size=24)
    | st.integers(1, 600).map("x".__mul__)
)
_TIMES: Final = (
    st.datetimes().map(lambda at: at.isoformat() + "Z")
    | st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat())
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,10})?Z?", fullmatch=True)
)
_ANY: Final = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(st.text(), max_size=2)


def agrees(kind: str, value: object) -> bool:
    """True where the strict mode accepts the value; it then accepts what the rule accepts, as the same value."""
    adapter = TypeAdapter(KINDS[kind])
    try:
        strictly = adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        return False
    assert (strictly, repr(strictly)) == ((by_rule := adapter.validate_python(value)), repr(by_rule))
    return True


@pytest.mark.parametrize("kind", ["Identifier", "Sku", "OptionalText", "PaymentMethod"])
@given(value=_TEXTS | _ANY)
def test_a_text_that_the_strict_mode_accepts_is_the_same_by_its_rule(kind: str, value: object) -> None:
    agrees(kind, value)


@given(value=_TIMES | _TEXTS | _ANY)
def test_a_time_that_the_strict_mode_accepts_is_the_same_by_its_rule(value: object) -> None:
    agrees("UtcTime", value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Identifier", "o-1"),
        ("Sku", "TEA/black"),
        ("OptionalText", "Österreich"),
        ("OptionalText", "京都"),
        ("OptionalText", None),
        ("PaymentMethod", "cus_1/pm_1NxT2Lkdlw9"),
        ("PaymentMethod", None),
        ("UtcTime", "2026-01-31T09:30:00.123456Z"),
        ("OrderLines", [line()] * MAX_LINES),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_usual_value_is_accepted_without_its_rule(kind: str, value: object) -> None:
    assert agrees(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Identifier", "a/b"),
        ("Identifier", "x" * 129),
        ("Sku", "x" * 129),
        ("OptionalText", "\u3164"),
        ("OptionalText", "x" * 513),
        ("PaymentMethod", "card-4242-4242-4242-4242"),
        ("PaymentMethod", "4242424242424242"),
        ("PaymentMethod", "p" * 256),
        ("UtcTime", "2026-02-30T09:30:00Z"),
        ("UtcTime", "2026-01-31T09:30:00+02:00"),
        ("UtcTime", "2026-01-31T09:30:00"),
        ("UtcTime", 1_769_851_800),
        ("OrderLines", []),
        ("OrderLines", [line()] * (MAX_LINES + 1)),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_that_needs_its_rule_is_not_accepted_strictly(kind: str, value: object) -> None:
    assert not agrees(kind, value)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_as_it_is_stored_is_read_strictly(event: Event) -> None:
    wire = event.model_dump_json(by_alias=True)
    strictly = type(event).__pydantic_validator__.validate_json(wire, strict=True)
    assert strictly == event
    assert repr(strictly) == repr(type(event).model_validate_json(wire))


@pytest.mark.filterwarnings("error")
def test_a_time_is_written_as_a_time() -> None:
    assert PLACED.model_dump()["placedAt"] == PLACED.placed_at
    assert PLACED.model_dump(mode="json")["placedAt"] == "2026-01-31T09:30:00Z"
    for mode in ("validation", "serialization"):
        assert OrderPlaced.model_json_schema(mode=mode)["properties"]["placedAt"]["format"] == "date-time"
