"""Stripe as a provider: selected by its API key."""

from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg

from gateways.payments import PaymentGateway
from gateways.provider import LedgerView, Option, Provider, client_package
from gateways.stripe import statements
from gateways.stripe.events import StripeEvents
from gateways.stripe.settings import StripeSettings

if TYPE_CHECKING:
    from gateways.stripe.api import StripeApi


def _selected(settings: StripeSettings) -> str | None:
    return f"stripe, {settings.stripe_capture}" if settings.stripe_api_key else None


def _payments(settings: StripeSettings, pool: asyncpg.Pool) -> PaymentGateway:
    with client_package("stripe", setting="ORDERS_STRIPE_API_KEY"):
        from gateways.stripe.api import StripeApi  # noqa: PLC0415
        from gateways.stripe.payment import StripePaymentGateway  # noqa: PLC0415
    assert settings.stripe_api_key is not None
    api = StripeApi(settings.stripe_api_key.get_secret_value(), settings.stripe_api_base)
    return StripePaymentGateway(pool, api, with_label=settings.stripe_capture == "with-label")


def client_and_events(
    settings: StripeSettings, pool: asyncpg.Pool, payments: PaymentGateway
) -> "tuple[StripeApi | None, StripeEvents | None]":
    """Client of a Stripe gateway, for recovery, and the receiver of its webhooks; None where not configured."""
    if _selected(settings) is None:
        return None, None
    from gateways.stripe.payment import StripePaymentGateway  # noqa: PLC0415
    from gateways.stripe.signature import verified  # noqa: PLC0415

    assert isinstance(payments, StripePaymentGateway)
    if settings.stripe_webhook_secret is None:
        return payments.api, None
    verify = partial(verified, secret=settings.stripe_webhook_secret.get_secret_value())
    return payments.api, StripeEvents(pool, payments.api, verify)


STRIPE: Final = Provider(
    LedgerView(tables=("gateways.stripe_charges",), charges=statements.CHARGES, refund=statements.REFUND_OF_PAYMENT),
    payments=Option(_selected, _payments),
)
