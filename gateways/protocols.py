"""What a payment and a shipping gateway must do, whoever runs it, and how each may refuse.

Every change carries an idempotency key. The same key with the same content gets the same answer, with other
content IdempotencyConflict. Voiding a key undoes what happened under it and leaves a tombstone: whatever arrives
with that key later is refused with KeyVoided.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """amount in minor units, 0 or more; currency as ISO 4217 code.

    payment_method is the provider's token of the means of payment, attempt the number of times that a person has had
    the order taken up, from 1: after a decline, a higher one is a new charge. placed_at: time of the order, since which
    there may have been a charge. None of the three is part of the content.
    """

    key: str
    order_id: str
    customer_id: str
    amount: int
    currency: str
    payment_method: str | None = None
    attempt: int = 1
    placed_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a charge cannot be negative: {self.amount}")
        if self.attempt < 1:
            raise ValueError(f"attempts count from 1: {self.attempt}")


@dataclass(frozen=True, slots=True)
class Charge:
    """Money taken under a key, or held for it where it is not captured yet. refunded_amount is what has gone back of it
    up to now, in minor units."""

    payment_id: str
    key: str
    amount: int
    currency: str
    refunded_amount: int
    captured: bool = True


@dataclass(frozen=True, slots=True)
class Voided:
    """A key that can charge no more. payment_id and refund_id are None where there was nothing to return; amount_returned
    includes refunds that a person made at the provider."""

    key: str
    payment_id: str | None
    refund_id: str | None
    amount_returned: int


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """amount in minor units, more than 0, in the currency of the charge. Reason and requested_at are no part of the content;
    money that a person gives back at the provider after requested_at counts towards the request."""

    key: str
    payment_id: str
    amount: int
    currency: str
    reason: str
    requested_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"a refund must be more than 0: {self.amount}")


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, in minor units of the charge's currency: less than requested where the provider has no more of the
    charge left, and with the part of it that a person gave back at the provider."""

    refund_id: str
    payment_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a parcel goes; country as ISO 3166-1 alpha-2. Personal: kept out of repr, so out of logs too."""

    name: str
    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str | None
    country: str

    def __repr__(self) -> str:
        return f"Recipient(country={self.country!r})"


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """units is the number of pieces to ship, 1 or more."""

    key: str
    order_id: str
    units: int
    recipient: Recipient

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"a label needs units to ship: {self.units}")


@dataclass(frozen=True, slots=True)
class Label:
    """A bought shipping label."""

    shipment_id: str
    tracking_number: str
    carrier: str


@dataclass(frozen=True, slots=True)
class VoidedLabel:
    """A key that can buy no label any more. existed: whether it is known to have bought one. pending: the carrier has yet to
    take it back, or a label may still appear. refused: why the carrier does not take it back, as yet."""

    existed: bool
    pending: bool = False
    refused: str | None = None


class GatewayError(Exception):
    """Whatever a gateway answers other than success. kept: the provider repeats the answer under the same idempotency key,
    so that the next request looks for the effect and takes a new key."""

    kept: bool = False


class GatewayUnavailable(GatewayError):
    """No answer, and the effect may have happened: ask again with the same key, after retry_after seconds if given."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class GatewayMisconfigured(GatewayError):
    """The gateway does not take our key, or our request as such: a fault of ours, tried again until somebody mends it.
    The message is ours too: the provider's may quote the request."""


class DefiniteRefusal(GatewayError):
    """The gateway has decided and changed nothing: the same request again gets the same refusal."""


class PaymentDeclined(DefiniteRefusal):
    """The charge was declined: cancel the order, or charge anew under another key. code is for programs."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class ShippingUnavailable(DefiniteRefusal):
    """The carrier does not take this parcel: cancel the order, or ship it another way under another key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AmountNotSupported(DefiniteRefusal):
    """The gateway cannot take this amount exactly: charge in another currency, or another way. amount in minor units."""

    def __init__(self, amount: int, currency: str, why: str) -> None:
        super().__init__(f"{amount} {currency} cannot be charged: {why}")
        self.amount = amount
        self.currency = currency
        self.why = why


class KeyVoided(DefiniteRefusal):
    """The key was voided, before or after it was used: this request came too late and has had no effect."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key} has been voided")
        self.key = key


class IdempotencyConflict(DefiniteRefusal):
    """The key was used for other content: a fault of the caller, who must derive one key from one intent."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key} was used before with other content")
        self.key = key


class RefundExceedsCharge(DefiniteRefusal):
    """The refund is more than is left of the charge: refund charged - refunded at most. All in minor units."""

    def __init__(self, payment_id: str, charged: int, refunded: int, requested: int) -> None:
        super().__init__(f"refund of {requested} exceeds {payment_id}: {refunded} of {charged} already refunded")
        self.payment_id = payment_id
        self.charged = charged
        self.refunded = refunded
        self.requested = requested


class RefundCurrencyMismatch(DefiniteRefusal):
    """The refund names another currency than the charge: refund in the currency charged."""

    def __init__(self, payment_id: str, charged: str, requested: str) -> None:
        super().__init__(f"payment {payment_id} was made in {charged}, not in {requested}")
        self.payment_id = payment_id
        self.charged = charged
        self.requested = requested


class RefundFailed(DefiniteRefusal):
    """The money did not reach the customer and is back with us: return it another way."""

    def __init__(self, key: str) -> None:
        super().__init__(f"refund {key} has failed at the gateway")
        self.key = key


class PaymentNotFound(DefiniteRefusal):
    """The gateway knows no such payment: look the charge up by its key."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(f"no payment {payment_id}")
        self.payment_id = payment_id


class AuthorisationExpired(DefiniteRefusal):
    """The money held under the key has gone back to the customer uncaptured: nothing was taken, and nothing can be."""

    def __init__(self, key: str) -> None:
        super().__init__("the authorisation has expired")
        self.key = key


class PaymentGateway(Protocol):
    """Takes and returns money. Any method may raise GatewayUnavailable or GatewayMisconfigured."""

    async def charge(self, request: ChargeRequest) -> Charge:
        """Take the amount, once per key, or hold it: see `captured`.
        Raises PaymentDeclined, AmountNotSupported, KeyVoided or IdempotencyConflict."""
        ...

    async def capture(self, key: str) -> Charge:
        """Take what is held under the key; what is taken already is answered as it is.
        Raises KeyVoided, AuthorisationExpired, or PaymentNotFound (with the key) where nothing was charged."""
        ...

    async def void(self, key: str, reason: str) -> Voided:
        """Return what is left of the charge under the key, or no longer hold it, and let none happen later."""
        ...

    async def refund(self, request: RefundRequest) -> Refund:
        """Return a part of a charge, once per key, never more than is left of it at the provider at this time.
        Raises RefundExceedsCharge, RefundCurrencyMismatch, RefundFailed, PaymentNotFound or IdempotencyConflict."""
        ...

    async def find(self, key: str) -> Charge | None:
        """The charge made under the key, captured or not, returned or not; None where no money was ever taken or held.
        Known for good, unlike the key itself, which a provider forgets after a day."""
        ...

    async def find_refund(self, key: str) -> Refund | None:
        """The refund made under the key, known for good like a charge; None where there is none."""
        ...


class ShippingGateway(Protocol):
    """Buys and voids shipping labels. Any method may raise GatewayUnavailable or GatewayMisconfigured."""

    async def create(self, request: LabelRequest) -> Label:
        """Buy a label, once per key. Raises ShippingUnavailable, KeyVoided or IdempotencyConflict."""
        ...

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """Let no label be bought under the key, and have the one that was bought taken back.

        The carrier is asked once, however often this is called: later calls look how it stands. Pending where the outcome
        of a purchase is unknown; an answer that is not pending is final.
        """
        ...

    async def find(self, key: str) -> Label | None:
        """The live label under the key, known for good; None where there is none or it was voided."""
        ...
