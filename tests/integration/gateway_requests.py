"""Requests to gateways, each under new keys and order ids."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from gateways.errors import GatewayUnavailable
from gateways.payments import Charge, ChargeRequest, RefundRequest
from gateways.shipping import Goods, LabelRequest, Recipient

T = TypeVar("T")


def new_key() -> str:
    return uuid.uuid4().hex


def a_charge(amount: int = 1000) -> ChargeRequest:
    order_id = f"order-of-{new_key()}"
    return ChargeRequest(new_key(), order_id, "customer", amount, "USD", payment_method="pm_card_visa")


def a_refund(charge: Charge, amount: int) -> RefundRequest:
    return RefundRequest(new_key(), charge.payment_id, amount, charge.currency, "returned")


def a_parcel(units: int = 3) -> LabelRequest:
    recipient = Recipient("A. Person", "Main Street 1", None, "Lyon", None, "69004", "FR")
    return LabelRequest(new_key(), f"order-of-{new_key()}", units, recipient)


def a_parcel_abroad(*, declared: bool) -> LabelRequest:
    """A parcel to a country outside any customs union, with or without the customs data of its goods."""
    recipient = Recipient("A. Person", "Bahnhofstr. 1", None, "Zürich", None, "8001", "CH")
    tea = Goods("TEA-1", "Green tea", 3, 2700, "EUR")
    if declared:
        tea = replace(tea, origin="JP", hs_code="0902.10", grams=600)
    return replace(a_parcel(), recipient=recipient, currency="EUR", phone="+41 44 123", goods=(tea,))


async def persist(call: Callable[[], Awaitable[T]]) -> T:
    """Retry the call while its outcome is unknown, as the workflows do; returns its answer."""
    async with asyncio.timeout(300):
        while True:
            try:
                return await call()
            except GatewayUnavailable as unavailable:
                await asyncio.sleep(min(unavailable.retry_after or 0, 0.05))
