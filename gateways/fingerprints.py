"""By what a ledger tells a request that is sent again from another one under the same key."""

import hashlib

import orjson


def fingerprint(key: str, *content: object) -> str:
    """A hash of a request's content, which is not kept otherwise; salted with its key, so that equal addresses differ."""
    return hashlib.sha256(orjson.dumps([key, *content])).hexdigest()
