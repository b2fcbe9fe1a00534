"""One order: its state, its events, and acts on it."""

import time
from collections.abc import Iterator
from typing import Any, Final, Literal, TypedDict, Unpack, cast
from urllib.parse import quote

from orders_client.documents import Acted, OrderDocument, Placed, RefundAsked, Retried, Tagged, TimelineEvent
from orders_client.errors import WaitTimeout
from orders_client.stream import follow
from orders_client.transport import Api

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0  # seconds between two looks at an order


class ActOptions(TypedDict, total=False):
    """idempotency_key: makes repeated calls one act, also those of a restarted script; by default new for each call.
    expected_version: act only on this version of the order; else OrderChangedMeanwhile."""

    idempotency_key: str
    expected_version: int


class Order:
    """An order by its id. placed: the answer to its placing, of an order that `Orders.place` has returned."""

    def __init__(self, api: Api, order_id: str, placed: Placed | None = None) -> None:
        self._api, self._path = api, f"/v1/orders/{quote(order_id, safe='')}"
        self.order_id, self.placed = order_id, placed

    def __repr__(self) -> str:
        return f"Order({self.order_id!r})"

    def get(self) -> OrderDocument:
        """Read the order from its events, so that it is never behind."""
        return cast(OrderDocument, self._api.request("GET", self._path).json())

    def wait(self, timeout: float = 60.0) -> OrderDocument:
        """Return the order once it has ended, or waits for a person: see `has_ended` and `is_waiting`. Raises WaitTimeout."""
        deadline, pause = time.monotonic() + timeout, _FIRST_PAUSE
        known: dict[str, str] = {}
        order: OrderDocument
        while True:
            response = self._api.request("GET", self._path, headers=known)
            if response.status_code != 304:
                order, known = response.json(), {"If-None-Match": response.headers["ETag"]}
                if has_ended(order) or is_waiting(order):
                    return order
            left = deadline - time.monotonic()
            if left <= 0:
                raise WaitTimeout(order, timeout)
            time.sleep(min(pause, left))
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    def events(self, after: int = 0) -> Iterator[TimelineEvent]:
        """Follow the order's events after a version, future ones included: the iteration has no end."""
        return follow(self._api, f"{self._path}/events", after)

    def cancel(
        self, reason: str, *, by: Literal["customer", "operator"] = "operator", **options: Unpack[ActOptions]
    ) -> Acted:
        """Cancel the order, unless it has shipped; its charge, reservation and label are undone."""
        return cast(Acted, self._act("cancel", {"reason": reason, "by": by}, options))

    def hold(self, reason: str, **options: Unpack[ActOptions]) -> Acted:
        """Hold the order: it takes no further step until it is released."""
        return cast(Acted, self._act("hold", {"reason": reason}, options))

    def release(self, **options: Unpack[ActOptions]) -> Acted:
        """Release the held order."""
        return cast(Acted, self._act("release", {}, options))

    def retry(
        self, reason: str, *, carrier: str | None = None, service: str | None = None, **options: Unpack[ActOptions]
    ) -> Retried:
        """Start the workflow that the order needs, or wake the running one. Completed steps are not repeated."""
        body = {"reason": reason, "carrier": carrier, "service": service}
        return cast(Retried, self._act("retry", body, options))

    def pay(self, payment_method: str, **options: Unpack[ActOptions]) -> Acted:
        """Charge the order, which waits for its payment, by another means of payment."""
        return cast(Acted, self._act("payment", {"paymentMethod": payment_method}, options))

    def refund(
        self, amount: int, reason: str, *, refund_id: str | None = None, **options: Unpack[ActOptions]
    ) -> RefundAsked:
        """Refund money of the shipped order, in minor units of its currency. refund_id: makes a repetition harmless."""
        body = {"amount": amount, "reason": reason, "refundId": refund_id}
        return cast(RefundAsked, self._act("refunds", body, options))

    def note(self, text: str, **options: Unpack[ActOptions]) -> Acted:
        """Add a note, in any state of the order."""
        return cast(Acted, self._act("notes", {"text": text}, options))

    def tag(self, tag: str, **options: Unpack[ActOptions]) -> Tagged:
        """Add a tag, in any state of the order; capitals are folded. An order that has it is unchanged."""
        return cast(Tagged, self._act(f"tags/{quote(tag, safe='')}", None, options, method="PUT"))

    def untag(self, tag: str, **options: Unpack[ActOptions]) -> Tagged:
        """Remove a tag, in any state of the order. An order without it is unchanged."""
        return cast(Tagged, self._act(f"tags/{quote(tag, safe='')}", None, options, method="DELETE"))

    def _act(self, name: str, body: dict[str, Any] | None, options: ActOptions, *, method: str = "POST") -> Any:
        version = options.get("expected_version")
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        key = options.get("idempotency_key")
        return self._api.request(method, f"{self._path}/{name}", body, headers=headers, idempotency_key=key).json()


def has_ended(order: OrderDocument) -> bool:
    """True for a shipped order, and a cancelled one whose money is returned."""
    return order["status"] == "shipped" or (order["status"] == "cancelled" and order["owed"] == 0)


def is_waiting(order: OrderDocument) -> bool:
    """True for an order on hold, or that waits for another payment: it does not go on by itself."""
    return order["hold"] is not None or order["paymentFailure"] is not None
