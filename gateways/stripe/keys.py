"""Idempotency keys of requests to Stripe."""

import hashlib
from typing import Final

_LIMIT: Final = 255  # characters that Stripe accepts


def idempotency_key(*parts: object) -> str:
    """Return `{orderId}:{step}:{attempt}`, or its hash if the order's id does not fit into an HTTP header.

    The first part is an order's id or a ledger key. Parsed from the end: numbers and a call, then the step; a part before
    them that is not a step is the end of a requested refund's key (`orders/names.py:derived_name`).
    """
    text = ":".join(map(str, parts))
    if text.isascii() and len(text) <= _LIMIT:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
