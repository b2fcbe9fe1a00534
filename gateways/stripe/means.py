"""Means of payment of an order at Stripe: a card, a customer's saved card, or a payment made at checkout."""

from dataclasses import dataclass
from typing import Final

from gateways.errors import PaymentDeclined
from gateways.stripe.api import StripeApi
from gateways.stripe.errors import StripeRefused

_CUSTOMER: Final = "cus_"


@dataclass(frozen=True, slots=True)
class Means:
    """Parameters of an intent. customer: the owner of the saved payment method."""

    payment_method: str
    customer: str | None = None


def is_saved(token: str | None) -> bool:
    """True for a customer's saved payment method, which is charged without the customer."""
    return token is not None and token.startswith(_CUSTOMER)


async def means_of(api: StripeApi, token: str | None) -> Means:
    """Return the parameters for `pm_…`, `cus_…/pm_…`, or `cus_…` for the customer's default payment method.

    Raises PaymentDeclined where there is none.
    """
    if token is None:
        raise PaymentDeclined("no_payment_method", "The order names no means of payment")
    if not is_saved(token):
        return Means(token)
    customer, _, payment_method = token.partition("/")
    return Means(payment_method or await _default(api, customer), customer)


async def _default(api: StripeApi, customer: str) -> str:
    try:
        payment_method = await api.default_payment_method(customer)
    except StripeRefused as refusal:
        raise PaymentDeclined(refusal.code, "Stripe does not know the customer") from None
    if payment_method is None:
        raise PaymentDeclined("no_payment_method", "The customer has no default means of payment")
    return payment_method
