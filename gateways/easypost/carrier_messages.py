"""Carriers' messages for the order's stream and Temporal: short, and without the address."""

import re
from typing import Final

from gateways.shipping import Recipient

LIMIT: Final = 300  # characters
_LAST_DIGITS: Final = 6
_DEFAULT: Final = "no carrier takes the parcel"


def refusal_reason(message: str, recipient: Recipient, phone: str | None = None) -> str:
    return f"Shipping unavailable: {masked(message, recipient, phone) or _DEFAULT}"


def masked(message: str, recipient: Recipient, phone: str | None = None) -> str:
    """Return the message with every part of the recipient's name, address and telephone masked."""
    flat = " ".join(message.split())
    without = re.sub(_parts_of(recipient), "…", re.sub(_number(phone), "…", flat), flags=re.IGNORECASE)
    return without if len(without) <= LIMIT else f"{without[: LIMIT - 1]}…"


def _number(phone: str | None) -> str:
    """Return a pattern of the telephone number: its last digits and any before them, however they are separated."""
    last = r"[\s()./-]{0,3}".join(re.findall(r"\d", phone or "")[-_LAST_DIGITS:])
    return rf"([+(\d][\d\s()./-]{{0,20}})?{last}" if last else r"(?!)"


def _parts_of(recipient: Recipient) -> str:
    """Return a pattern of all fields, and of each word of two letters or more in them: carriers reformat addresses."""
    fields = [
        recipient.name,
        recipient.line1,
        recipient.line2 or "",
        recipient.city,
        recipient.region or "",
        recipient.postal_code or "",
    ]
    words = {word for field in fields for word in re.findall(r"\w+", field) if len(word) >= 2}
    longest_first = sorted({*filter(None, fields), *words}, key=len, reverse=True)
    return "|".join(rf"(?<!\w){re.escape(part)}(?!\w)" for part in longest_first)
