"""Carriers' messages as refusal reasons for the order's stream and Temporal: short, and without the address."""

import re
from typing import Final

from gateways.shipping import Recipient

LIMIT: Final = 300  # characters
_DEFAULT: Final = "no carrier takes the parcel"


def refusal_reason(message: str, recipient: Recipient) -> str:
    """Return the message with every part of the recipient's name and address masked."""
    flat = " ".join(message.split())
    masked = re.sub(_parts_of(recipient), "…", flat, flags=re.IGNORECASE)
    short = masked if len(masked) <= LIMIT else f"{masked[: LIMIT - 1]}…"
    return f"Shipping unavailable: {short or _DEFAULT}"


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
