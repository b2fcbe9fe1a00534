"""Start an order's workflow again by the HTTP API, and wait: API=URL KEY=KEY python scripts/retry_order.py ORDER_ID REASON"""

import os
import sys

from orders_client import Orders

with Orders(os.environ["API"], os.environ.get("KEY")) as orders:
    order = orders.order(sys.argv[1])
    retried = order.retry(sys.argv[2])
    print("started or woken:", ", ".join(retried["workflows"]) or "none", "–", retried["effect"])
    print(order.order_id, "is", order.wait()["status"])
