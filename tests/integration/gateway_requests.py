"""Requests to gateways, each under keys and order ids of its own."""

import uuid

from activities.gateways.protocols import Charge, ChargeRequest, LabelRequest, Recipient, RefundRequest


def new_key() -> str:
    return uuid.uuid4().hex


def a_charge(amount: int = 1000) -> ChargeRequest:
    return ChargeRequest(new_key(), f"order-of-{new_key()}", "customer", amount, "USD")


def a_refund(charge: Charge, amount: int) -> RefundRequest:
    return RefundRequest(new_key(), charge.payment_id, amount, charge.currency, "returned")


def a_parcel(units: int = 3) -> LabelRequest:
    recipient = Recipient("A. Person", "Main Street 1", None, "Lyon", None, "69004", "FR")
    return LabelRequest(new_key(), f"order-of-{new_key()}", units, recipient)
