"""Place one order and print its id: .venv/bin/python scripts/place_order.py, in the folder of `orders dev`."""

import uuid
from datetime import UTC, datetime

from application.placing import place
from bootstrap import open_app
from orders.model import parse_order
from process import run
from settings import load_settings

ORDER = {
    "orderId": f"example-{uuid.uuid4().hex[:8]}",
    "customerId": "ALFKI",
    "currency": "EUR",
    "items": [{"sku": "NW-001", "name": "Chai", "quantity": 2, "unitPrice": 1800}],
    "adjustments": {"shipping": 490},
    "total": 4090,  # minor units: 2 × 18.00 € and 4.90 € for shipping
    "shippingAddress": {
        "name": "Maria Anders",
        "line1": "Obere Str. 57",
        "postalCode": "12209",
        "city": "Berlin",
        "country": "DE",
    },
}


async def main() -> None:
    order = parse_order(ORDER, now=datetime.now(UTC))
    async with open_app(load_settings()) as app:
        # Safe to retry: the same order is placed once.
        await place(app.orders, order, actor="script")
    print(order.order_id)


run(main)
