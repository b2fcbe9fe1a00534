"""Carriers' messages for the order's stream and Temporal: short, and without the address."""

import re
from typing import Final

from gateways.shipping import Recipient

LIMIT: Final = 300  # characters
_DEFAULT: Final = "no carrier takes the parcel"


def refusal_reason(message: str, recipient: Recipient) -> str:
    """Return the reason of a final refusal from the message."""
    return f"Shipping unavailable: {masked(message, recipient) or _DEFAULT}"


def masked(message: str, recipient: Recipient) -> str:
    """Return the message with every part of the recipient's name and address masked."""
    flat = " ".join(message.split())
    without = re.sub(_parts_of(recipient), "…", flat, flags=re.IGNORECASE)
    return without if len(without) <= LIMIT else f"{without[: LIMIT - 1]}…"


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
