"""Shipping gateways: requests, results and the interface that each provider implements. Keys work as for payments."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Recipient:
    """Destination of a parcel; country as ISO 3166-1 alpha-2. Personal data: left out of repr, and so out of logs."""

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
    """Request for a label. units: number of pieces to ship, 1 or more."""

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
    """A voided key. existed: a label is known to have been bought. pending: the carrier has not refunded it yet, or a label
    may still appear. refused: reason why the carrier does not refund it, so far."""

    existed: bool
    pending: bool = False
    refused: str | None = None


class ShippingGateway(Protocol):
    """Buys and voids shipping labels. Every method may raise GatewayUnavailable or GatewayMisconfigured."""

    async def create(self, request: LabelRequest) -> Label:
        """Buy a label, once per key. Raises ShippingUnavailable, KeyVoided or IdempotencyConflict."""
        ...

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """Refuse any later label under the key, and request a refund of a label that was bought.

        The refund is requested once; repeated calls return its current status. The result is pending while the outcome of
        a purchase is unknown; a result that is not pending is final.
        """
        ...

    async def find(self, key: str) -> Label | None:
        """Return the live label under the key; None if there is none or it was voided. Permanent."""
        ...
