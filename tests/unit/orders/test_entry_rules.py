"""Rules of entry of an order, and the reported faults of every violation."""

from typing import Any

import pytest

from orders.errors import Fault
from orders.fields import MAX_LINES
from orders.model import quantities, units
from tests.unit.orders.samples import BIGINT, NOW, address, an_order, entry, faults_in, line


def test_metadata_is_kept_as_it_was_given() -> None:
    given_metadata = {"channel": "web", "größe": "ä ☕ 'x'", "k" * 40: "x" * 500, "empty": ""}
    assert an_order(metadata=given_metadata).metadata == given_metadata
    assert an_order().metadata == {}


FAULTY: list[tuple[dict[str, Any], str]] = [
    ({"orderId": ""}, "orderId"),
    ({"orderId": "a/b"}, "orderId"),
    ({"orderId": "a b"}, "orderId"),
    ({"orderId": "x" * 129}, "orderId"),
    ({"orderId": 7}, "orderId"),
    ({"orderId": "."}, "orderId"),
    ({"orderId": ".."}, "orderId"),
    ({"orderId": "\u3164"}, "orderId"),
    ({"customerId": ".."}, "customerId"),
    ({"customerId": "a\u200bb"}, "customerId"),
    ({"metadata": None}, "metadata"),
    ({"metadata": ["channel"]}, "metadata"),
    ({"metadata": {f"k{number}": "" for number in range(21)}}, "metadata"),
    ({"metadata": {"channel": 7}}, "metadata.channel"),
    ({"metadata": {"channel": None}}, "metadata.channel"),
    ({"metadata": {"channel": {"name": "web"}}}, "metadata.channel"),
    ({"metadata": {"channel": "x" * 501}}, "metadata.channel"),
    ({"metadata": {"channel": "a\x00b"}}, "metadata.channel"),
    ({"metadata": {"channel": "a\x1bb"}}, "metadata.channel"),
    ({"metadata": {"channel": "a\nb"}}, "metadata.channel"),
    ({"metadata": {"channel": "\ud800"}}, "metadata.channel"),
    ({"metadata": {"sales rep": "Eve"}}, 'metadata."sales rep"'),
    ({"metadata": {"a:b": "Eve"}}, 'metadata."a:b"'),
    ({"metadata": {"": "Eve"}}, 'metadata.""'),
    ({"metadata": {"k" * 41: "Eve"}}, f'metadata."{"k" * 39}…"'),
    ({"currency": "XXX"}, "currency"),
    ({"currency": "eur"}, "currency"),
    ({"currency": None}, "currency"),
    ({"items": []}, "items"),
    ({"items": {}}, "items"),
    ({"items": None}, "items"),
    ({"items": [line(), 7]}, "items[1]"),
    ({"items": [line(quantity=0)]}, "items[0].quantity"),
    ({"items": [line(quantity=1_000_001)]}, "items[0].quantity"),
    ({"items": [line(quantity=True)]}, "items[0].quantity"),
    ({"items": [line(quantity="2")]}, "items[0].quantity"),
    ({"items": [line(quantity=2.0)]}, "items[0].quantity"),
    ({"items": [line(quantity=float("nan"))]}, "items[0].quantity"),
    ({"items": [line(quantity=10**5000)]}, "items[0].quantity"),
    ({"items": [line(), line(unitPrice=-1)]}, "items[1].unitPrice"),
    ({"items": [line(unitPrice=BIGINT + 1)]}, "items[0].unitPrice"),
    ({"items": [line(unitPrice=BIGINT)]}, "total"),
    ({"items": [line(sku="")]}, "items[0].sku"),
    ({"items": [line(sku=" A")]}, "items[0].sku"),
    ({"items": [line(sku="A ")]}, "items[0].sku"),
    ({"items": [line(sku=" ")]}, "items[0].sku"),
    ({"items": [line(sku="A\u00a0B")]}, "items[0].sku"),
    ({"items": [line(sku="\u3164")]}, "items[0].sku"),
    ({"items": [line(quantity=1), line(quantity=1, name="\u200b")]}, "items[1].name"),
    ({"items": [line(sku="A" * 129)]}, "items[0].sku"),
    ({"items": [line(name="Tea\x00")]}, "items[0].name"),
    ({"items": [line(name="\ud800")]}, "items[0].name"),
    ({"items": [line(name="x" * 513)]}, "items[0].name"),
    ({"items": [line(strength="strong")]}, "items[0].strength"),
    ({"adjustments": None}, "adjustments"),
    ({"adjustments": {"tax": -1}}, "adjustments.tax"),
    ({"adjustments": {"discount": 1001}, "total": 0}, "adjustments.discount"),
    ({"total": 1301}, "total"),
    ({"total": -1300}, "total"),
    ({"shippingAddress": address(name=" ")}, "shippingAddress.name"),
    ({"shippingAddress": address(name="\u200b\u00ad")}, "shippingAddress.name"),
    ({"shippingAddress": address(name="\u3164")}, "shippingAddress.name"),
    ({"shippingAddress": address(line1="\u2800 \u2800")}, "shippingAddress.line1"),
    ({"shippingAddress": address(city="\ufe0f")}, "shippingAddress.city"),
    ({"shippingAddress": address(region="\ud800")}, "shippingAddress.region"),
    ({"shippingAddress": address(line2="\x00")}, "shippingAddress.line2"),
    ({"shippingAddress": address(city=None)}, "shippingAddress.city"),
    ({"shippingAddress": address(country="Atlantis")}, "shippingAddress.country"),
    ({"shippingAddress": address(country="ZZ")}, "shippingAddress.country"),
    ({"shippingAddress": address(country="Hong Kong")}, "shippingAddress.postalCode"),
    ({"paymentMethod": 7}, "paymentMethod"),
    ({"paymentMethod": "pm 1"}, "paymentMethod"),
    ({"paymentMethod": "pm_" + "x" * 253}, "paymentMethod"),
    ({"paymentMethod": "4242424242424242"}, "paymentMethod"),
    ({"paymentMethod": "4242 4242 4242 4242"}, "paymentMethod"),
    ({"placedAt": "2026-01-31"}, "placedAt"),
    ({"placedAt": "2026-01-31T09:30:00"}, "placedAt"),
    ({"placedAt": "2026-02-30T09:30:00Z"}, "placedAt"),
    ({"placedAt": "0001-01-01T00:00:00+01:00"}, "placedAt"),
    ({"placedAt": 1_700_000_000}, "placedAt"),
    ({"placedAt": "0001-01-01T00:00:00Z"}, "placedAt"),
    ({"placedAt": "1969-12-31T23:59:59Z"}, "placedAt"),
    ({"placedAt": "1970-01-01T00:00:00+00:01"}, "placedAt"),
    ({"placedAt": "2201-01-01T00:00:00Z"}, "placedAt"),
    ({"placedAt": "9999-12-31T23:59:59.999999Z"}, "placedAt"),
    ({"coupon": "TEA"}, "coupon"),
    ({"order_id": "o-1"}, "order_id"),
]


@pytest.mark.parametrize(("changes", "path"), FAULTY, ids=[f"{i}-{path}" for i, (_, path) in enumerate(FAULTY)])
def test_a_faulty_field_is_named_by_its_path(changes: dict[str, Any], path: str) -> None:
    assert list(faults_in(entry(**changes))) == [path]


@pytest.mark.parametrize("field", ["orderId", "customerId", "currency", "items", "total", "shippingAddress"])
def test_a_missing_field_is_named(field: str) -> None:
    data = entry()
    del data[field]
    assert faults_in(data) == {field: "is required"}


@pytest.mark.parametrize("data", [None, [], "order", 7, True], ids=str)
def test_what_is_no_object_is_no_order(data: object) -> None:
    assert list(faults_in(data)) == [""]


def test_all_faults_are_reported_at_once_those_across_fields_included() -> None:
    data = entry(
        customerId="",
        currency="TEA",
        items=[line(name=""), line(sku=None)],
        total=1,
        shippingAddress=address(country="Panama", city=""),
        coupon=1,
    )
    assert set(faults_in(data)) == {
        "customerId",
        "currency",
        "items[0].name",
        "items[1].sku",
        "total",
        "shippingAddress.postalCode",
        "shippingAddress.city",
        "coupon",
    }


def test_a_total_that_cannot_be_computed_is_not_guessed_at() -> None:
    assert list(faults_in(entry(items=[line(quantity="two")], total=1))) == ["items[0].quantity"]


def test_faults_speak_plain_words() -> None:
    assert faults_in(entry(items=[line(), line(quantity="12")])) == {
        "items[1].quantity": 'must be a whole number, not "12"',
    }
    assert faults_in(entry(total=1)) == {"total": "must be the sum of lines and adjustments, 1,300, not 1"}
    assert str(Fault("total", "is required")) == "total is required"


def test_a_long_or_unprintable_value_is_shortened_in_the_message() -> None:
    problem = faults_in(entry(currency="\x1b[31m" + "x" * 100_000))["currency"]
    assert problem.isprintable()
    assert len(problem) < 120


def test_2000_lines_are_an_order_and_2001_are_not() -> None:
    free = [line(quantity=1, unitPrice=0)]
    assert units(an_order(items=free * MAX_LINES, total=300)) == 2000
    assert faults_in(entry(items=free * (MAX_LINES + 1), total=300)) == {
        "items": "must have at most 2,000 entries, not 2,001",
    }


def test_lines_beyond_the_limit_are_not_looked_at_one_by_one() -> None:
    assert list(faults_in(entry(items=[7] * 100_000))) == ["items"]


def test_several_lines_of_one_sku_add_up() -> None:
    order = an_order(items=[line(), line(sku="CUP", quantity=1), line(quantity=3)], total=3300)
    assert quantities(order) == {"TEA": 5, "CUP": 1}
    assert units(order) == 6


def test_the_largest_amount_the_database_holds_is_accepted_exactly() -> None:
    assert an_order(items=[line(quantity=1, unitPrice=BIGINT - 300)], total=BIGINT).total == BIGINT


def test_an_order_may_cost_nothing() -> None:
    assert an_order(adjustments={"discount": 1000}, total=0).total == 0


def test_a_time_of_placing_is_kept_in_utc_and_a_missing_one_is_now() -> None:
    assert an_order().placed_at == NOW
    assert an_order(placedAt=None).placed_at == NOW
    assert an_order(placedAt="2026-01-31T10:30:00+01:00").placed_at.isoformat() == "2026-01-31T09:30:00+00:00"


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u3164", "\ufe0f \u00ad"])
def test_optional_lines_of_an_address_that_are_blank_count_as_left_out(blank: str) -> None:
    home = an_order(shippingAddress=address(line2=blank, region=blank, postalCode=None)).shipping_address
    assert (home.line2, home.region, home.postal_code) == (None, None, None)


@pytest.mark.parametrize(
    "token", ["pm_card_visa", "pm_1MqLiJLkdIwHu7ixUEgbFdYF", "x" * 255, "tok:12345678901234567890"]
)
def test_a_payment_method_is_whatever_token_the_provider_gave(token: str) -> None:
    assert an_order(paymentMethod=token).payment_method == token


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_payment_method_may_be_left_out(nothing: str | None) -> None:
    assert an_order().payment_method is None
    assert an_order(paymentMethod=nothing).payment_method is None


@pytest.mark.parametrize(
    "number",
    [
        "4242424242424242", "4242-4242-4242-4242", "4242.4242.4242.4242", "4242_4242_4242_4242", "378282246310005",
        "card:4242424242424242", "4242424242424242:12/34:123", "pm_4242424242424242", "4242424242424241",
        "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in "4242424242424242"), 4242424242424242,
    ],
)  # fmt: skip
def test_a_card_number_does_not_enter_and_is_not_repeated(number: object) -> None:
    problem = faults_in(entry(paymentMethod=number))["paymentMethod"]
    assert "4242" not in problem
    assert "3782" not in problem


def test_a_country_is_kept_as_its_alpha_2_code() -> None:
    assert an_order(shippingAddress=address(country="USA")).shipping_address.country == "US"


@pytest.mark.parametrize("order_id", ["o-1", "Ünïcödé", "注文-1", "x" * 128, "a:b@c#d", "é" * 128])
def test_any_visible_characters_make_an_id(order_id: str) -> None:
    assert an_order(orderId=order_id).order_id == order_id


def test_an_id_whose_stream_name_would_not_fit_the_store_is_refused() -> None:
    assert list(faults_in(entry(orderId="😀" * 128))) == ["orderId"]
