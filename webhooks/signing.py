"""Signatures of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Final

from webhooks.envelope import CONTENT_TYPE

_PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """Make a secret in the form that a receiver gets."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(message_id: str, body: bytes, valid: Sequence[str]) -> list[tuple[str, str]]:
    """Return the headers of an attempt that is made now."""
    now = int(time.time())
    return [
        ("content-type", CONTENT_TYPE),
        ("user-agent", "orders-webhooks"),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(now)),
        ("webhook-signature", signatures(valid, message_id, now, body)),
    ]


def signatures(valid: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: one signature per valid secret, blank-separated. timestamp: Unix seconds."""
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(_hmac(secret, content)).decode() for secret in valid)


def _hmac(secret: str, content: bytes) -> bytes:
    return hmac.new(base64.b64decode(secret.removeprefix(_PREFIX)), content, hashlib.sha256).digest()
