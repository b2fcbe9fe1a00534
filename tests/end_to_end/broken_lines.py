"""All known ways to break one line of an order file, and the expected position of the refusal."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.running_system import order_data

_DEPTH: Final = 100_000
_DIGITS: Final = 5_000


def _but(**changes: Any) -> Callable[[str], bytes]:
    """An order with changed fields."""
    return lambda order_id: _encoded(order_data(order_id) | changes)


def _without(name: str) -> Callable[[str], bytes]:
    return lambda order_id: _encoded({k: v for k, v in order_data(order_id).items() if k != name})


def _inside(part_name: str, /, **changes: Any) -> Callable[[str], bytes]:
    """An order with changed fields in a part; None removes the field."""

    def broken(order_id: str) -> bytes:
        order = order_data(order_id)
        part = order[part_name][0] if part_name == "items" else order[part_name]
        part.update(changes)
        for field in [field for field, value in changes.items() if value is None]:
            del part[field]
        return _encoded(order)

    return broken


def _text(change: Callable[[bytes], bytes]) -> Callable[[str], bytes]:
    """The line of an order with changed bytes."""
    return lambda order_id: change(_encoded(order_data(order_id)))


def _encoded(order: object) -> bytes:
    return json.dumps(order).encode()


WAYS: Final[dict[str, tuple[str, Callable[[str], bytes]]]] = {
    "cut off": ("", _text(lambda line: line[: len(line) // 2])),
    "two orders on a line": ("", _text(lambda line: line + line)),
    "not UTF-8": ("", _text(lambda line: line.replace(b"Maria", b"M\xe9ria"))),
    "in UTF-16": ("", _text(lambda line: b"\xff\xfe" + line.decode().encode("utf-16-le").replace(b"\n", b""))),
    "single quotes": ("", _text(lambda line: line.replace(b'"', b"'"))),
    "a trailing comma": ("", _text(lambda line: line[:-1] + b",}")),
    "not a number": ("", _text(lambda line: line.replace(b"3000", b"NaN"))),
    "a field twice": ("", _text(lambda line: line.replace(b'"total"', b'"total": 1, "total"'))),
    "thousands of digits": ("", _text(lambda line: line.replace(b"3000", b"9" * _DIGITS))),
    "nested without end": ("", lambda _: b"[" * _DEPTH),
    "a list": ("", lambda order_id: _encoded([order_data(order_id)])),
    "null": ("", lambda _: b"null"),
    "a text": ("", lambda order_id: _encoded(order_id)),
    "nothing in it": ("items", lambda _: b"{}"),
    "no id": ("orderId", _without("orderId")),
    "an empty id": ("orderId", _but(orderId="")),
    "an id with a slash": ("orderId", _but(orderId="a/b")),
    "an id of 129 characters": ("orderId", _but(orderId="x" * 129)),
    "an id that is a number": ("orderId", _but(orderId=17)),
    "an id with a NUL": ("orderId", _but(orderId="a\0b")),
    "no customer": ("customerId", _without("customerId")),
    "a customer with a line feed": ("customerId", _but(customerId="ALF\nKI")),
    "no currency": ("currency", _without("currency")),
    "a currency that is none": ("currency", _but(currency="XXQ")),
    "a currency in small letters": ("currency", _but(currency="eur")),
    "no items": ("items", _without("items")),
    "an empty list of items": ("items", _but(items=[])),
    "items that are no list": ("items", _but(items={"sku": "TEA-1"})),
    "more items than an order may have": ("items", _but(items=[{}] * 2_001)),
    "an item that is null": ("items[0]", _but(items=[None])),
    "a quantity of nothing": ("items[0].quantity", _inside("items", quantity=0)),
    "a negative quantity": ("items[0].quantity", _inside("items", quantity=-2)),
    "a quantity with a fraction": ("items[0].quantity", _inside("items", quantity=1.5)),
    "a quantity as text": ("items[0].quantity", _inside("items", quantity="2")),
    "more than a million units": ("items[0].quantity", _inside("items", quantity=1_000_001)),
    "a negative price": ("items[0].unitPrice", _inside("items", unitPrice=-1)),
    "a price that is true": ("items[0].unitPrice", _inside("items", unitPrice=True)),
    "a price with a fraction": ("items[0].unitPrice", _inside("items", unitPrice=14.99)),
    "no sku": ("items[0].sku", _inside("items", sku=None)),
    "a sku that rings": ("items[0].sku", _inside("items", sku="TEA\a")),
    "a name of blanks": ("items[0].name", _inside("items", name="   ")),
    "a name with a NUL": ("items[0].name", _inside("items", name="Te\0a")),
    "a name with half a character": ("items[0].name", _inside("items", name="Te\ud800a")),
    "a name without end": ("items[0].name", _inside("items", name="a" * 513)),
    "a field that an item has not": ("items[0].colour", _inside("items", colour="green")),
    "a wrong total": ("total", _but(total=2999)),
    "no total": ("total", _without("total")),
    "a total beyond 64 bits": ("total", _but(total=2**63)),
    "a discount above the sum": ("adjustments.discount", _but(adjustments={"discount": 3001})),
    "an adjustment that there is not": ("adjustments.tip", _but(adjustments={"tip": 1})),
    "no address": ("shippingAddress", _without("shippingAddress")),
    "an address as text": ("shippingAddress", _but(shippingAddress="Obere Str. 57, Berlin")),
    "no city": ("shippingAddress.city", _inside("shippingAddress", city=None)),
    "a country that is none": ("shippingAddress.country", _inside("shippingAddress", country="Atlantis")),
    "a postal code where there are none": ("shippingAddress.postalCode", _inside("shippingAddress", country="HK")),
    "a time without an offset": ("placedAt", _but(placedAt="2026-01-31T09:30:00")),
    "the 30th of February": ("placedAt", _but(placedAt="2026-02-30T09:30:00Z")),
    "a time that is a number": ("placedAt", _but(placedAt=1767322245)),
    "a field that an order has not": ("cardNumber", _but(cardNumber="4111111111111111")),
}
"""By what is wrong: the path that the refusal must name ("" for the line as a whole), and the line for an order id."""
