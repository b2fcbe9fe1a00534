"""The sample orders of the demonstration."""

import csv
import json
from pathlib import Path

from orders.model import parse_order, quantities
from tests.unit.orders.samples import NOW

DATA = Path(__file__).parents[3] / "data" / "northwind"
COUNTRIES = {
    "AR", "AT", "BE", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "MX", "NO", "PL", "PT",
    "SE", "US", "VE",
}  # fmt: skip


def test_every_northwind_order_enters_with_its_country_as_alpha_2() -> None:
    lines = (DATA / "orders.jsonl").read_text(encoding="utf-8").splitlines()
    orders = [parse_order(json.loads(line), now=NOW) for line in lines]
    assert len({order.order_id for order in orders}) == 830
    assert {order.shipping_address.country for order in orders} == COUNTRIES
    assert max(order.placed_at for order in orders) < NOW


def test_every_sku_that_is_ordered_is_in_the_product_list() -> None:
    with (DATA / "products.csv").open(encoding="utf-8", newline="") as file:
        known = {row["sku"] for row in csv.DictReader(file)}
    lines = (DATA / "orders.jsonl").read_text(encoding="utf-8").splitlines()
    assert all(quantities(parse_order(json.loads(line), now=NOW)).keys() <= known for line in lines)
