"""The HTTP API's requests, as in its OpenAPI description. Generated: `make client` writes this file."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class AddressRequest(TypedDict):
    name: str
    line1: str
    line2: NotRequired[str | None]
    city: str
    region: NotRequired[str | None]
    postalCode: NotRequired[str | None]
    country: str
    phone: NotRequired[str | None]


class AdjustmentsRequest(TypedDict):
    shipping: NotRequired[int]
    tax: NotRequired[int]
    discount: NotRequired[int]


class NewOrder(TypedDict):
    orderId: str
    customerId: str
    currency: str
    items: list[OrderLineRequest]
    adjustments: NotRequired[AdjustmentsRequest]
    total: int
    shippingAddress: AddressRequest
    paymentMethod: NotRequired[str | None]
    metadata: NotRequired[dict[str, str]]
    placedAt: NotRequired[str]


class OrderFilter(TypedDict):
    wait: NotRequired[int | None]
    q: NotRequired[str | None]
    status: NotRequired[list[Literal["placed", "confirmed", "paid", "shipped", "cancelled"]]]
    customerId: NotRequired[str | None]
    payment: NotRequired[Literal["none", "paid", "refunded"] | None]
    country: NotRequired[str | None]
    onHold: NotRequired[bool | None]
    waiting: NotRequired[bool]
    currency: NotRequired[str | None]
    minTotal: NotRequired[int | None]
    maxTotal: NotRequired[int | None]
    tag: NotRequired[list[str]]
    metadata: NotRequired[list[str]]
    placedFrom: NotRequired[str | None]
    placedTo: NotRequired[str | None]


class OrderLineRequest(TypedDict):
    sku: str
    name: str
    quantity: int
    unitPrice: int
