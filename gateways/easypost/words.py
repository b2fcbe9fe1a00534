"""A carrier's words on a refusal, fit for the order's stream and for Temporal: short, and without the address."""

import re
from typing import Final

from gateways.protocols import Recipient

LIMIT: Final = 300  # characters
_NOTHING_SAID: Final = "no carrier takes the parcel"


def carriers_words(words: str, recipient: Recipient) -> str:
    """The words with every part of the recipient's name and address in them masked."""
    flat = " ".join(words.split())
    masked = re.sub(_parts_of(recipient), "…", flat, flags=re.IGNORECASE)
    said = masked if len(masked) <= LIMIT else f"{masked[: LIMIT - 1]}…"
    return f"Shipping unavailable: {said or _NOTHING_SAID}"


def _parts_of(recipient: Recipient) -> str:
    """Matches whole fields, and each word of two letters or more in them: carriers quote them in spellings of their own."""
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
