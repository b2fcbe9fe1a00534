"""Bounds of an order's time, blanks in a SKU, and the order's id in a refusal."""

import re

import pytest

from orders.errors import InvalidOrder
from orders.model import parse_order
from tests.unit.orders.samples import NOW, an_order, entry, line


@pytest.mark.parametrize("time", ["1970-01-01T00:00:00Z", "2200-12-31T23:59:59.999999Z"])
def test_the_first_and_the_last_time_that_an_order_may_have(time: str) -> None:
    assert an_order(placedAt=time).placed_at.isoformat() == time.replace("Z", "+00:00")


@pytest.mark.parametrize("sku", ["A B", "Tea, green 2 kg", "a/b", "...", "\u2764\ufe0f"])
def test_a_sku_may_have_blanks_inside(sku: str) -> None:
    assert an_order(items=[line(sku=sku)]).items[0].sku == sku


def test_a_refusal_names_the_order_where_its_id_could_be_read() -> None:
    for changes, name in (
        ({"total": 1}, "order o-1 is"),
        ({"orderId": "..", "total": 1}, "order .. is"),
        ({"orderId": "a b"}, "the order is"),
        ({"orderId": 7}, "the order is"),
    ):
        with pytest.raises(InvalidOrder, match=f"^{re.escape(name)} invalid: ") as refusal:
            parse_order(entry(**changes), now=NOW)
        assert refusal.value.order_id == (name.split()[1] if name.startswith("order ") else None)


def test_a_fault_of_a_sum_names_the_order_too() -> None:
    with pytest.raises(InvalidOrder, match=r"^order o-1 is invalid: total must be"):
        parse_order(entry(total=1301), now=NOW)
