"""Data of the published messages, as built by `order_streams.messages`."""

from orders.fields import Amount, CurrencyCode, Text
from orders.model import OrderFact


class RevenueMessage(OrderFact):
    """An order has shipped: its total, in minor units, is revenue."""

    amount: Amount
    currency: CurrencyCode


class ShipmentMessage(RevenueMessage):
    """An order is on its way."""

    shipment_id: Text
    tracking_number: Text
    carrier: Text
