"""The client of one API."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self, Unpack, cast

import httpx

from orders_client.documents import OrderChanged, OrderRow
from orders_client.order import Order
from orders_client.requests import NewOrder, OrderFilter
from orders_client.stream import follow
from orders_client.transport import Api

_PAGE: Final = 200  # rows, the most that the API returns at once


class Orders:
    """The orders of an API at `url`, with an API key unless the API has none. May be shared by threads.

    tries: attempts at each request while it is not answered, or answered 429 or 5xx; timeout: seconds for each attempt.
    transport: httpx's own unless given.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        tries: int = 5,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._api = Api(url, key, tries=tries, timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def place(self, order: NewOrder, *, bulk: bool = False) -> Order:
        """Place an order, whose workflows then start. The same order again changes nothing.

        bulk: the order is one of an import, and gives way to others. Raises InvalidRequest, and Conflict where another order
        has its id.
        """
        placed = self._api.request("POST", "/v1/orders", order, params={"bulk": True} if bulk else None).json()
        return Order(self._api, placed["orderId"], placed)

    def order(self, order_id: str) -> Order:
        """An order by its id, without a request."""
        return Order(self._api, order_id)

    def list(self, **filters: Unpack[OrderFilter]) -> Iterator[OrderRow]:
        """Orders that the filters find, the last entered first, read a page at a time."""
        return cast(Iterator[OrderRow], self.pages("/v1/orders", "orders", filters))

    def events(self, after: int | None = None) -> Iterator[OrderChanged]:
        """Follow the changes of all orders after a position of the log, or from now on: the iteration has no end."""
        return follow(self._api, "/v1/events", after)

    def pages(self, path: str, rows: str, params: Any = None) -> Iterator[Any]:
        """Rows of any list of the API, in the field `rows` of its pages."""
        after = None
        while True:
            page = self._api.request("GET", path, params={**(params or {}), "limit": _PAGE, "after": after}).json()
            yield from page[rows]
            if (after := page["after"]) is None:
                return

    def call(self, method: str, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        """The document of any other operation of the API, None for an empty response."""
        response = self._api.request(method, path, body, idempotency_key=idempotency_key)
        return response.json() if response.content else None
