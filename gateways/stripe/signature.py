"""Whether it is Stripe who speaks, by its official library. Imported only where Stripe is chosen."""

import time
from collections.abc import Mapping
from typing import Any, Final

import stripe

from gateways.stripe.events import InvalidStripeEvent

TOLERANCE: Final = 300  # seconds between the signature's time and ours, either way


def verified(body: bytes, signature: str | None, secret: str) -> Mapping[str, Any]:
    """The event that the body describes, signed with the endpoint's secret less than five minutes from now.

    Raises InvalidStripeEvent.
    """
    try:
        event = stripe.Webhook.construct_event(body, signature, secret, tolerance=TOLERANCE)
    except stripe.SignatureVerificationError:
        raise InvalidStripeEvent("the signature is not ours, or too old") from None
    except (ValueError, TypeError, AttributeError):  # what the library makes of a body that is no event
        raise InvalidStripeEvent("the body is no event") from None
    # The library looks at the age alone: an event signed for next year could be delivered anew until then.
    if _signed_at(signature or "") > time.time() + TOLERANCE:
        raise InvalidStripeEvent("the signature is dated in the future")
    described: dict[str, Any] = event.to_dict()
    return described


def _signed_at(signature: str) -> int:
    """The time of a signature that the library has taken, found as it finds it: the first one counts."""
    parts = (part.split("=") for part in signature.split(","))
    return next(int(value) for name, value, *_ in parts if name == "t")
