"""Goods of an order as they are declared to the customs."""

import pytest

from activities.customs import declared_goods
from activities.shipping import label_request
from gateways.shipping import Goods
from inventory.customs_columns import CustomsData
from tests.unit.orders.samples import an_order, line

TEA = CustomsData("JP", "0902.10", 200, 900, "EUR")
ORDER = an_order(items=[line(), line(sku="JAM", quantity=1, unitPrice=0), line(unitPrice=0)])


def test_lines_of_one_sku_are_declared_together_at_the_customs_value_of_the_orders_currency() -> None:
    tea, jam = declared_goods(ORDER, {"TEA": TEA})
    assert tea == Goods("TEA", "Tea", 4, 3600, "EUR", "JP", "0902.10", 800)
    assert tea.missing == ()
    assert jam.missing == ("originCountry", "hsCode", "weightGrams", "customsValue")


@pytest.mark.parametrize("data", [CustomsData("JP", "0902.10", 200), CustomsData("JP", "0902.10", 200, 9, "USD")])
def test_without_a_customs_value_in_the_orders_currency_the_price_is_declared(data: CustomsData) -> None:
    assert declared_goods(ORDER, {"TEA": data})[0].value == 1000


def test_what_is_missing_is_named_by_sku_and_column_and_the_list_is_short() -> None:
    many = an_order(items=[line(sku=f"S{number}", quantity=1) for number in range(7)], total=3800)
    problem = label_request(many, {}).customs_problem
    assert problem is not None
    assert problem.startswith("customs data is missing: S0 (originCountry, hsCode, weightGrams), S1 (")
    assert problem.endswith(" and 2 more")
    assert label_request(ORDER, {"TEA": TEA, "JAM": TEA}).customs_problem is None


def test_a_label_at_home_declares_nothing() -> None:
    assert label_request(ORDER).goods == ()
