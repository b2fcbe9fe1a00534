"""Verification of Stripe's webhook signature, by the official client. Imported only if Stripe is selected."""

import time
from collections.abc import Mapping
from typing import Any, Final

import stripe

from gateways.stripe.events import InvalidStripeEvent

TOLERANCE: Final = 300  # seconds between the signature's time and ours, in either direction


def verified(body: bytes, signature: str | None, secret: str) -> Mapping[str, Any]:
    """Return the event in the body. Raises InvalidStripeEvent unless it is signed with the secret within the tolerance."""
    try:
        event = stripe.Webhook.construct_event(body, signature, secret, tolerance=TOLERANCE)
    except stripe.SignatureVerificationError:
        raise InvalidStripeEvent("the signature is not ours, or too old") from None
    except (ValueError, TypeError, AttributeError):  # raised by the library for a body that is no event
        raise InvalidStripeEvent("the body is no event") from None
    # The library checks the age alone: an event signed for next year could be replayed until then.
    if _signed_at(signature or "") > time.time() + TOLERANCE:
        raise InvalidStripeEvent("the signature is dated in the future")
    described: dict[str, Any] = event.to_dict()
    return described


def _signed_at(signature: str) -> int:
    """Return the time of a valid signature; of several, the first, as the library does."""
    parts = (part.split("=") for part in signature.split(","))
    return next(int(value) for name, value, *_ in parts if name == "t")
