"""Place a file of orders by the HTTP API, without a database: API=URL KEY=KEY python scripts/place_orders.py FILE.jsonl"""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from orders_client import Orders, OrdersError


def place_all(orders: Orders, documents: list[Any]) -> Iterator[str]:
    """Place the orders, eight at a time; yield a line for each."""

    def place(document: Any) -> str:
        try:
            placed = orders.place(document, bulk=True).placed
        except OrdersError as error:
            return f"{document['orderId']}: {error}"
        assert placed is not None
        return f"{document['orderId']}: {'placed' if placed['changed'] else 'was placed before'}"

    with ThreadPoolExecutor(8) as threads:
        yield from threads.map(place, documents)


if __name__ == "__main__":
    documents = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    with Orders(os.environ["API"], os.environ.get("KEY")) as orders:
        for line in place_all(orders, documents):
            print(line)
