"""Any data is an order or a list of faults, and an order's total is always its sum."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.errors import Fault, InvalidOrder
from orders.model import parse_order
from tests.unit.orders.samples import BIGINT, NOW, entry, faults_in, line

AMOUNTS = st.integers(0, 10**12)
LINES = st.lists(st.tuples(st.integers(1, 1_000_000), AMOUNTS), min_size=1, max_size=20)


@given(LINES, AMOUNTS, AMOUNTS, AMOUNTS, st.integers(-3, 3))
def test_an_order_enters_exactly_when_its_total_is_the_sum(
    lines: list[tuple[int, int]], shipping: int, tax: int, discount: int, error: int
) -> None:
    total = sum(quantity * price for quantity, price in lines) + shipping + tax - discount
    data = entry(
        items=[line(quantity=quantity, unitPrice=price) for quantity, price in lines],
        adjustments={"shipping": shipping, "tax": tax, "discount": discount},
        total=total + error,
    )
    if total >= 0 and total + discount <= BIGINT and error == 0:
        assert parse_order(data, now=NOW).total == total
    else:
        assert set(faults_in(data)) <= {"total", "adjustments.discount"}


def faults_or_none(data: object) -> tuple[Fault, ...] | None:
    try:
        parse_order(data, now=NOW)
    except InvalidOrder as refusal:
        return refusal.faults
    return None


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [*entry(), "paymentMethod", "placedAt", "unknown"]


@given(st.dictionaries(st.sampled_from(FIELDS), HOSTILE, min_size=1), HOSTILE)
def test_whatever_comes_in_is_an_order_or_a_list_of_faults(changes: dict[str, Any], nested: object) -> None:
    for data in (entry() | changes, entry(items=[nested], shippingAddress=nested), changes, nested):
        assert faults_or_none(data) != ()
