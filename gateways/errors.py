"""Errors of gateways: definite refusals, undecided refusals, unknown outcomes and misconfiguration."""

from typing import Final

_RETRY_OR_CANCEL: Final = "`orders retry` tries again at once, `orders cancel` ends the order"


class GatewayError(Exception):
    """Any failure of a gateway call. cached: the provider repeats this answer under the same idempotency key, so the next
    request looks for the effect first and then uses a new key."""

    cached: bool = False


class GatewayUnavailable(GatewayError):
    """No answer, and the effect may have happened: retry with the same key, after retry_after seconds if given."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class GatewayBusy(GatewayUnavailable):
    """Refused for the number of calls, without an effect: no failure. Retry after retry_after seconds, or some."""


class GatewayMisconfigured(GatewayError):
    """The gateway rejects our API key or request: an error of ours, retried until an operator fixes it. The message is our
    own, because the provider's may quote the request."""


class GatewayUndecided(GatewayError):
    """Refused without an effect, for a reason that is not known to be final: retried in rounds and listed in attention, where
    a person may retry, choose another carrier or service, or cancel. remedy: the commands that end it."""

    def __init__(self, reason: str, remedy: str = _RETRY_OR_CANCEL) -> None:
        super().__init__(f"{reason} ({remedy})")
        self.reason = reason
        self.remedy = remedy


class DefiniteRefusal(GatewayError):
    """Refused without an effect: a repeated request gets the same refusal."""


class PaymentDeclined(DefiniteRefusal):
    """The charge was declined: cancel the order, or charge in a higher attempt. code: machine-readable. payment_id: the
    provider's payment, which the customer may still complete."""

    def __init__(self, code: str, reason: str, payment_id: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.payment_id = payment_id


class ShippingUnavailable(DefiniteRefusal):
    """No carrier accepts the parcel: cancel the order, or ship it another way under another key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AmountNotSupported(DefiniteRefusal):
    """The gateway cannot express the amount exactly: charge in another currency, or another way. amount in minor units."""

    def __init__(self, amount: int, currency: str, why: str) -> None:
        super().__init__(f"{amount} {currency} cannot be charged: {why}")
        self.amount = amount
        self.currency = currency
        self.why = why


class KeyVoided(DefiniteRefusal):
    """The key was voided before this request, which had no effect."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key} has been voided")
        self.key = key


class IdempotencyConflict(DefiniteRefusal):
    """The key was used with other content: a bug in the caller, which must derive each key from one request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key} was used before with other content")
        self.key = key


class RefundExceedsCharge(DefiniteRefusal):
    """The refund exceeds the rest of the charge: refund at most charged - refunded. All in minor units."""

    def __init__(self, payment_id: str, charged: int, refunded: int, requested: int) -> None:
        super().__init__(f"refund of {requested} exceeds {payment_id}: {refunded} of {charged} already refunded")
        self.payment_id = payment_id
        self.charged = charged
        self.refunded = refunded
        self.requested = requested


class RefundCurrencyMismatch(DefiniteRefusal):
    """The currency of the refund differs from the charge's: refund in the currency charged."""

    def __init__(self, payment_id: str, charged: str, requested: str) -> None:
        super().__init__(f"payment {payment_id} was made in {charged}, not in {requested}")
        self.payment_id = payment_id
        self.charged = charged
        self.requested = requested


class RefundFailed(DefiniteRefusal):
    """The refund failed after it was made, and the money is back with us: return it another way."""

    def __init__(self, key: str) -> None:
        super().__init__("the refund has failed at the payment provider")
        self.key = key


class RefundRefused(DefiniteRefusal):
    """The provider never makes this refund: return the money in another way. reason: the provider's, in our words."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"the refund is refused: {reason}")
        self.key = key
        self.reason = reason


class RefundUnderWay(DefiniteRefusal):
    """The refund cannot be closed: no money was taken, or the provider has made it or is about to."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"the refund cannot be closed: {why}")
        self.key = key
        self.why = why


class PaymentNotFound(DefiniteRefusal):
    """No such payment at the gateway: look the charge up by its key."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(f"no payment {payment_id}")
        self.payment_id = payment_id


class AuthorisationExpired(DefiniteRefusal):
    """The authorisation under the key ended before it was captured: no money was taken, and none can be."""

    def __init__(self, key: str) -> None:
        super().__init__("the authorisation has expired")
        self.key = key
