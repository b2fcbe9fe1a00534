"""Shipments at EasyPost, read from its answers, and the parts of a request for one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from gateways.easypost.rates import Rate
from gateways.shipping import Recipient


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment at EasyPost. carrier: of the bought rate.

    messages: carriers' reasons for offering no rate. labelled: the label can be printed; EasyPost may set the
    tracking_number earlier or later. refund_status: None until a refund of the label is requested. reference, address,
    ounces: as the shipment was created.
    """

    id: str
    rates: tuple[Rate, ...]
    messages: tuple[str, ...]
    labelled: bool
    tracking_number: str | None
    carrier: str
    refund_status: str | None
    reference: str | None = None
    address: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ounces: float | None = None

    @property
    def is_live(self) -> bool:
        """True if the label can be used and billed: bought, and its refund neither requested nor made."""
        return self.is_bought and self.refund_status in (None, "rejected")

    def goes_to(self, recipient: Recipient) -> bool:
        """True if every part of the recipient's address is in the shipment's, in any case of letters."""
        return all(
            part.casefold() == str(self.address.get(name)).casefold() for name, part in address_of(recipient).items()
        )

    @property
    def is_bought(self) -> bool:
        """True if a label was bought, printable or not."""
        return self.labelled or self.tracking_number is not None


def address_of(recipient: Recipient, phone: str | None = None) -> dict[str, str]:
    """Return the address with EasyPost's names of its parts."""
    address = {
        "name": recipient.name,
        "street1": recipient.line1,
        "street2": recipient.line2,
        "city": recipient.city,
        "state": recipient.region,
        "zip": recipient.postal_code,
        "country": recipient.country,
        "phone": phone,
    }
    return {part: value for part, value in address.items() if value is not None}


def read_shipment(answer: Mapping[str, Any]) -> Shipment:
    """Convert EasyPost's answer. Raises the errors of a mapping that is no shipment."""
    rate = answer.get("selected_rate") or {}
    return Shipment(
        id=answer["id"],
        rates=read_rates(answer),
        messages=read_messages(answer),
        labelled=answer.get("postage_label") is not None,
        tracking_number=answer.get("tracking_code") or None,
        carrier=rate.get("carrier") or "unknown",
        refund_status=answer.get("refund_status"),
        reference=answer.get("reference"),
        address=answer.get("to_address") or {},
        ounces=(answer.get("parcel") or {}).get("weight"),
    )


def read_page(answer: Mapping[str, Any]) -> tuple[list[Shipment], bool]:
    """Convert a page of a list, with whether there is another."""
    return [read_shipment(each) for each in answer["shipments"]], answer["has_more"]


def read_rates(answer: Mapping[str, Any]) -> tuple[Rate, ...]:
    """Convert the rates of a shipment, or of an answer with new ones."""
    return tuple(
        Rate(each["id"], each.get("carrier") or "", each.get("service") or "", _amount(each["rate"]), each["currency"])
        for each in answer.get("rates") or []
    )


def read_messages(answer: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{each.get('carrier')}: {each.get('message')}" for each in answer.get("messages") or [])


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError("a rate without a price") from None
