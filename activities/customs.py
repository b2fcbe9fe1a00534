"""Goods of an order as they are declared to the customs."""

from collections.abc import Mapping

from gateways.shipping import Goods
from inventory.customs_columns import NO_CUSTOMS_DATA, CustomsData
from orders.model import Order, quantities


def declared_goods(order: Order, customs: Mapping[str, CustomsData]) -> tuple[Goods, ...]:
    """Return one entry for each SKU. Its value is the customs value in the order's currency, else the price in the order."""
    names = {line.sku: line.name for line in order.items}
    prices: dict[str, int] = dict.fromkeys(names, 0)
    for line in order.items:
        prices[line.sku] += line.quantity * line.unit_price
    return tuple(
        _goods(order, sku, names[sku], units, prices[sku], customs.get(sku, NO_CUSTOMS_DATA))
        for sku, units in quantities(order).items()
    )


def _goods(order: Order, sku: str, name: str, units: int, price: int, data: CustomsData) -> Goods:
    declared = data.customs_value is not None and data.customs_currency == order.currency
    return Goods(
        sku=sku,
        description=name,
        units=units,
        value=(data.customs_value or 0) * units if declared else price,
        currency=order.currency,
        origin=data.origin_country,
        hs_code=data.hs_code,
        grams=data.weight_grams * units if data.weight_grams is not None else None,
    )
