"""Shipping gateways: requests, results and the interface that each provider implements. Keys work as for payments."""

from dataclasses import dataclass, field
from typing import Final, Protocol


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
class Goods:
    """Goods of one SKU in a parcel, for the customs. value, grams: of all units, value in minor units of currency. None, and a
    value of 0: not known."""

    sku: str
    description: str
    units: int
    value: int
    currency: str
    origin: str | None = None
    hs_code: str | None = None
    grams: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Columns of the stock file that this SKU lacks."""
        columns = {
            "originCountry": self.origin,
            "hsCode": self.hs_code,
            "weightGrams": self.grams,
            "customsValue": self.value,
        }
        return tuple(column for column, value in columns.items() if not value)


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    """Carrier and service to buy, in any case of letters; None for any."""

    carrier: str | None = None
    service: str | None = None

    def admits(self, carrier: str, service: str = "") -> bool:
        wanted = ((self.carrier, carrier), (self.service, service))
        return all(choice is None or choice.casefold() == offered.casefold() for choice, offered in wanted)

    def __bool__(self) -> bool:
        return self.carrier is not None or self.service is not None

    def __str__(self) -> str:
        return " ".join(filter(None, (self.carrier, self.service))) or "any carrier"


ANY_SERVICE: Final = ServiceChoice()


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """Request for a label. units: number of pieces to ship, 1 or more. currency: the order's. phone: the recipient's.

    goods: all SKUs, where `needs_customs`. choice: made by a person. Both may differ in a repeated request, which buys no
    second label.
    """

    key: str
    order_id: str
    units: int
    recipient: Recipient
    currency: str | None = None
    phone: str | None = field(default=None, repr=False)
    goods: tuple[Goods, ...] = ()
    choice: ServiceChoice = ANY_SERVICE

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"a label needs units to ship: {self.units}")

    @property
    def customs_problem(self) -> str | None:
        """SKUs whose customs data is incomplete, with the missing columns of the stock file; None if it is complete."""
        lacking = [f"{each.sku} ({', '.join(each.missing)})" for each in self.goods if each.missing]
        if self.goods and not lacking:
            return None
        more = f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        return f"customs data is missing: {', '.join(lacking[:5]) or 'all of it'}{more}"


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
    """Buys and voids shipping labels. Every awaited method may raise GatewayUnavailable or GatewayMisconfigured."""

    async def create(self, request: LabelRequest) -> Label:
        """Buy a label, once per key.

        Raises ShippingUnavailable for a refusal that is known to be final, KeyVoided or IdempotencyConflict; and
        GatewayUndecided for any other refusal, after which a later call under the same key may succeed: also where customs
        data is missing, or the choice is not offered, with a message that names the rates that are.
        """
        ...

    def needs_customs(self, country: str) -> bool:
        """True if a label to this country needs the customs data of its goods: without it an order is not charged."""
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
