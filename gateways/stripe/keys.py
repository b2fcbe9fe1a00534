"""Idempotency keys as they are sent to Stripe."""

import hashlib
from typing import Final

_KEY_LIMIT: Final = 255  # characters that Stripe takes as an idempotency key


def idempotency_key(*parts: object) -> str:
    """`{orderId}:{step}:{attempt}`, or its hash where the order's id is not fit for a header of HTTP.

    The first part is an order's id or a ledger key. Read back from the end: numbers and a call, before them the step, or no
    kind of name at all, which is then the end of a requested refund's key (`orders/names.py:derived_name`).
    """
    text = ":".join(map(str, parts))
    if text.isascii() and len(text) <= _KEY_LIMIT:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
