"""Payment gateways: requests, results and the interface that each provider implements.

Every change carries an idempotency key. A repeated request with the same key and content gets the same result, with other
content IdempotencyConflict. Voiding a key undoes its effect and leaves a tombstone: a later request with that key is
refused with KeyVoided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from orders.adjustments import AdjustmentAction


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """Request to charge an order: amount in minor units, 0 or more; currency as ISO 4217 code.

    payment_method: the provider's token of the means of payment. attempt: counts from 1, one more for each `orders retry` and
    each further means of payment; after a decline, a higher attempt is a new charge. placed_at: time of the order, before which
    there is no charge. waits: after a decline the order waits for its customer, who may complete the payment at the provider.
    None of the four is part of the content.
    """

    key: str
    order_id: str
    customer_id: str
    amount: int
    currency: str
    payment_method: str | None = None
    attempt: int = 1
    placed_at: datetime | None = None
    waits: bool = False

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a charge cannot be negative: {self.amount}")
        if self.attempt < 1:
            raise ValueError(f"attempts count from 1: {self.attempt}")


@dataclass(frozen=True, slots=True)
class Charge:
    """Money captured under a key, or only authorised if `captured` is False. refunded_amount: returned so far, in minor
    units. pending_until: None, except where the provider is processing the payment: no money is taken yet, the payment may
    fail, and it ends until then."""

    payment_id: str
    key: str
    amount: int
    currency: str
    refunded_amount: int
    captured: bool = True
    pending_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Voided:
    """A voided key. payment_id and refund_id are None if there was nothing to return; amount_returned includes refunds
    made by hand at the provider. pending: the provider is still processing the payment or its refund, and the next call
    returns how that went on."""

    key: str
    payment_id: str | None
    refund_id: str | None
    amount_returned: int
    pending: bool = False


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Request for a partial refund: amount in minor units, more than 0, in the currency of the charge.

    reason and requested_at are not part of the content. Refunds made by hand at the provider after requested_at count
    towards the request.
    """

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
    """Money returned for a request, in minor units of the charge's currency, with the part refunded by hand at the provider.
    Less than requested if less is left of the charge. pending: requested at the provider, which may still refuse it."""

    refund_id: str
    payment_id: str
    amount: int
    pending: bool = False


@dataclass(frozen=True, slots=True)
class PaymentChange:
    """A change of a payment at the provider that this system did not request, made by a person or the customer's bank.

    action, amount: as in PaymentAdjusted. reference: the provider's id of the refund, dispute or payment; with the action
    the same every time.
    """

    provider: str
    action: AdjustmentAction
    reference: str
    payment_id: str
    amount: int
    reason: str | None = None


class PaymentGateway(Protocol):
    """Charges and refunds. Every method may raise GatewayUnavailable, GatewayMisconfigured or GatewayUndecided."""

    async def charge(self, request: ChargeRequest) -> Charge:
        """Capture the amount, or authorise it (see `captured`), once per key. While the provider processes the payment, each
        call returns the pending charge. Raises PaymentDeclined, AmountNotSupported, KeyVoided or IdempotencyConflict."""
        ...

    async def capture(self, key: str) -> Charge:
        """Capture the authorised amount; a captured charge is returned unchanged.
        Raises KeyVoided, AuthorisationExpired, or PaymentNotFound (with the key) if there is no charge."""
        ...

    async def void(self, key: str, reason: str) -> Voided:
        """Refund the rest of the charge or release the authorisation, and refuse any later charge under the key. A refund that
        the provider refuses or fails is not requested again: GatewayUndecided, until `close_void`."""
        ...

    async def close_void(self, key: str) -> int:
        """Give up the refund of a voided charge, which the provider has refused or failed; return its amount.
        Raises RefundUnderWay for any other refund, or if there is none."""
        ...

    async def refund(self, request: RefundRequest) -> Refund:
        """Refund a part of a charge, once per key, and never more than the provider has left of it. While the provider has not
        decided, each call returns the pending refund. Raises RefundRefused, RefundFailed, RefundExceedsCharge,
        RefundCurrencyMismatch, PaymentNotFound or IdempotencyConflict."""
        ...

    async def close_refund(self, request: RefundRequest) -> None:
        """Give up this refund: nothing is requested under its key any more. A refund that waits for the customer is cancelled.
        Raises RefundUnderWay if the provider has made the refund, or may still make it."""
        ...

    async def find(self, key: str) -> Charge | None:
        """Return the charge made under the key, in any state; None if no money was ever captured or authorised.
        Permanent, while a provider forgets an idempotency key after a day."""
        ...

    async def find_refund(self, key: str) -> Refund | None:
        """Return the refund made under the key, or None. Permanent like a charge."""
        ...

    async def changes(self, key: str, *, crediting: bool) -> Sequence[PaymentChange]:
        """Return all changes of the charge at the provider, by its present state. crediting: a requested refund is in
        progress, towards which refunds by hand may count, so that new ones are not returned yet. Once returned, a refund by
        hand counts towards no request."""
        ...


@dataclass(frozen=True, slots=True)
class CustomerAction:
    """Action of the customer that a payment needs. client_secret: lets the customer's browser complete the payment;
    it is never stored. next_action: in the provider's form."""

    payment_id: str
    status: str
    client_secret: str | None = field(repr=False)
    next_action: dict[str, Any] | None = field(repr=False)


@runtime_checkable
class CustomerActions(Protocol):
    """A gateway whose customers can complete a payment at the provider. Optional for a gateway."""

    async def customer_action(self, key: str) -> CustomerAction | None:
        """Read the action from the provider; None if the charge under the key needs no customer, or has ended."""
        ...


@runtime_checkable
class TakesPayments(Protocol):
    """A gateway whose orders may name a payment that the customer made at checkout. Optional for a gateway."""

    async def claim(self, request: ChargeRequest) -> None:
        """Make that payment the charge under the key, so that voiding the key returns it; no effect without one, or where it
        belongs to another order."""
        ...
