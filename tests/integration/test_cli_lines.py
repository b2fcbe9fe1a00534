"""Lines from pieces of any size, and valid lines of an order file."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.order_json import decode_json
from application.placing import command_id
from cli.output import visible
from cli.place.line_ranges import LineRanges
from cli.place.lines import MAX_LINE, Line, Splitter
from cli.place.placing import read_order
from orders.errors import InvalidOrder
from tests.running_system import order_data

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def split(*pieces: bytes) -> list[Line]:
    splitter = Splitter()
    found = [line for piece in pieces for line in splitter.feed(piece)]
    return [*found, *splitter.finish()]


@given(st.lists(st.binary(max_size=9)), st.integers(1, 7))
def test_lines_are_the_same_whatever_the_pieces(parts: list[bytes], size: int) -> None:
    text = b"\n".join(parts)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    expected = text.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    found = split(*pieces)
    assert [line.content for line in found] == expected
    assert [line.number for line in found] == list(range(1, len(expected) + 1))
    assert not found or found[-1].end == len(text)


def test_a_line_over_the_limit_is_dropped_and_the_next_one_is_whole() -> None:
    found = split(b"a\n", *[b"x" * (MAX_LINE // 4)] * 5, b"\nb\n")
    assert [line.content for line in found] == [b"a", None, b"b"]


def test_a_last_line_over_the_limit_is_a_line_too() -> None:
    assert [line.content for line in split(b"x" * MAX_LINE, b"xx")] == [None]


def faults(content: bytes | None) -> list[str]:
    with pytest.raises(InvalidOrder) as refused:
        read_order(content, now=NOW)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "the line is longer than 16 MiB"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "is nested too deeply"),
        (b"[" + b",".join([b'{"a":1}'] * 10_001) + b"]", "has more than 10,000 fields"),
        (b"\xff{}", "is not UTF-8 at byte 1"),
        (b'{"a"', "is not JSON: Expecting ':' delimiter at column 5"),
        (b'{"total": NaN}', "is not JSON: NaN is no number"),
        (b'{"total": -Infinity}', "is not JSON: -Infinity is no number"),
        (b'{"total": ' + b"1" * 5000 + b"}", "has a number of too many digits"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[]", "an order must be an object, not a list"),
    ],
)
def test_a_line_that_is_no_order_is_told_why(content: bytes | None, expected: str) -> None:
    assert faults(content) == [expected]


def test_a_field_given_twice_is_a_fault_beside_the_others() -> None:
    text = json.dumps(order_data("a", total=1)).replace('"orderId": "a"', '"orderId": "a", "orderId": "b"')
    assert faults(text.encode()) == [
        'has the field "orderId" twice',
        "total must be the sum of lines and adjustments, 3,000, not 1",
    ]


@pytest.mark.parametrize("number", ["2.0", "2e0", "0.2E1", "2.000"])
def test_a_whole_number_may_be_written_with_a_fraction_or_an_exponent(number: str) -> None:
    text = json.dumps(order_data("a")).replace('"quantity": 2', f'"quantity": {number}')
    order = read_order(text.encode(), now=NOW)
    assert repr(order.items[0].quantity) == "2"
    assert command_id(order) == command_id(read_order(json.dumps(order_data("a")).encode(), now=NOW))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("9007199254740993.0", 9007199254740993),
        ("9223372036854775807.0", 2**63 - 1),
        ("-0.0", 0),
        ("0e9", 0),
        ("0e99999999999999999999", 0.0),
        ("1e-400", 0.0),
        ("0.99999999999999999999", 1.0),
        ("1.5", 1.5),
        ("9007199254740992.5", 9007199254740992.0),
        ("1e400", float("inf")),
        ("1e30", 1e30),
    ],
)
def test_numbers_with_a_fraction_or_an_exponent_keep_their_value(written: str, read: float) -> None:
    found = decode_json(f'{{"n": {written}}}'.encode(), [])["n"]
    assert (type(found), found) == (type(read), read)


def test_a_fraction_is_no_whole_number() -> None:
    text = json.dumps(order_data("a")).replace('"quantity": 2', '"quantity": 2.5')
    assert "items[0].quantity must be a whole number, not 2.5" in faults(text.encode())


def test_a_refusal_has_the_id_of_its_order_where_that_could_be_read() -> None:
    for content, order_id in (
        (json.dumps(order_data("a", total=1)), "a"),
        (json.dumps(order_data("a")).replace('"total"', '"total": 1, "total"'), "a"),
        (json.dumps(order_data("a"))[:-1], None),
    ):
        with pytest.raises(InvalidOrder) as refused:
            read_order(content.encode(), now=NOW)
        assert refused.value.order_id == order_id


def test_the_same_content_is_the_same_command_whenever_it_is_placed() -> None:
    first = read_order(json.dumps(order_data("a")).encode(), now=NOW)
    later = read_order(json.dumps(order_data("a")).encode(), now=NOW.replace(year=2027))
    other = read_order(json.dumps(order_data("a", quantity=3)).encode(), now=NOW)
    assert command_id(first) == command_id(later) != command_id(other)


def test_what_would_steer_a_terminal_is_spelled_out() -> None:
    assert visible("Ü \x1b[31m\u202e\n\U000e0001") == "Ü \\u001b[31m\\u202e\\u000a\\U000e0001"


def test_line_numbers_are_told_as_ranges() -> None:
    lines = LineRanges()
    for line in (1, 3, 4):
        lines.add(line)
    lines.gap()
    lines.add(6)
    assert str(lines) == "1-4, 6"
    assert str(LineRanges()) == "no line"
