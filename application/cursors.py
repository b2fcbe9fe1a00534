"""Cursors of pages by several columns or by text: letters, digits, `-` and `_`, so that no URL and no shell changes them."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode


def encode_cursor(*parts: str) -> str:
    """The cursor of a page that ends at this key."""
    return urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, size: int) -> list[str]:
    """The key of a cursor, of `size` parts. Raises ValueError for any other text."""
    try:
        parts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, list) or len(parts) != size or not all(isinstance(part, str) for part in parts):
        raise ValueError("is not the cursor of an earlier page of this list")
    return parts
