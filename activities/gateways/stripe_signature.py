"""Whether it is Stripe who speaks, by its official library. Imported only where Stripe is chosen."""

from collections.abc import Mapping
from typing import Any

import stripe

from activities.gateways.stripe_events import InvalidStripeEvent


def verified(body: bytes, signature: str | None, secret: str) -> Mapping[str, Any]:
    """The event that the body describes, signed with the endpoint's secret within the last five minutes.

    Raises InvalidStripeEvent.
    """
    try:
        event = stripe.Webhook.construct_event(body, signature, secret)
    except stripe.SignatureVerificationError:
        raise InvalidStripeEvent("the signature is not ours, or too old") from None
    except (ValueError, TypeError, AttributeError):  # what the library makes of a body that is no event
        raise InvalidStripeEvent("the body is no event") from None
    described: dict[str, Any] = event.to_dict()
    return described
