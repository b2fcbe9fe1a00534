"""Fingerprint of a request's content: detects reuse of an idempotency key for a different request."""

import hashlib

import orjson


def fingerprint(key: str, *content: object) -> str:
    """Return a hash of the content, salted with the key, so that equal addresses of two orders differ."""
    return hashlib.sha256(orjson.dumps([key, *content])).hexdigest()
