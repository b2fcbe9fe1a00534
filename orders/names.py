"""Names derived from ids: command ids, gateway keys, workflow ids. Different facts have different names.

Clients choose the ids, and an id may hold the separator of a name, or look like the rest of one. So a name has its plain
form, `{orderId}:{kind}`, only where nothing else has the same text; otherwise a hash of all parts, which begins with `:`,
as no plain form does. Each function's docstring gives the reason why its names are unambiguous.
"""

import hashlib
import json
from typing import Final

MAX_NAME: Final = 255
"""Characters of a gateway key (Stripe's limit), bytes of a workflow id (Temporal's on PostgreSQL)."""

KINDS: Final = frozenset(
    {
        "adjust-payment",
        "cancel",
        "cancel-by-customer",
        "capture-payment",
        "charge-payment",
        "close-refund",
        "confirm",
        "create-shipment",
        "place",
        "record-payment",
        "record-pending-payment",
        "record-payment-failure",
        "record-refund",
        "record-requested-refund",
        "record-shipment",
        "refund-payment",
        "return-payment",
    }
)
"""Every kind of name: steps that append or ask a gateway, and commands whose id is derived from the order's."""


def derived_name(kind: str, order_id: str, about: str | None = None) -> str:
    """`{orderId}:{kind}`, `{orderId}:{kind}:{about}`, or `:{kind}:{hash}`. about: which of several, as a refund's id.

    Read back by `:`: two pieces are an order and a kind, three are an order, a kind and what it is about, an empty first
    piece is a hash. The plain form is kept for ids without a `:`; where `about` is itself a kind it is not, because
    names of before decision 22, and those of `key_of_order`, may end so.
    """
    if kind not in KINDS:
        raise ValueError(f"not in KINDS: {kind!r}")
    parts = [order_id] if about is None else [order_id, about]
    plain = older_name(kind, *parts)
    if not all(parts) or any(":" in part for part in parts) or about in KINDS or len(plain) > MAX_NAME:
        return f":{kind}:{_hash(kind, *parts)}"
    return plain


def key_of_order(step: str, order_id: str) -> str:
    """`{orderId}:{step}`: the gateway key of a step that an order takes once. Parsed from its last `:`, so that any order id
    is allowed: it has no other form, and the keys of an order in progress do not change.

    Beside keys by `derived_name`: their last piece is a kind only where the order's id holds no `:`. At most 145 characters.
    """
    if step not in KINDS:
        raise ValueError(f"not in KINDS: {step!r}")
    return older_name(step, order_id)


def charge_key(order_id: str) -> str:
    """The key of an order's only charge; voiding it prevents any later charge."""
    return key_of_order("charge-payment", order_id)


def order_of_key(key: str) -> str:
    """The order's id in a key by `key_of_order`."""
    return key.rpartition(":")[0] or key


def older_name(kind: str, order_id: str, *about: str) -> str:
    """The plain form for any ids: all names from before decision 22 have it, so that two facts could share one."""
    return ":".join((order_id, kind, *about))


def kind_of(name: str, order_id: str) -> str:
    """The kind of a key of this order; the first piece where the key has none of KINDS."""
    pieces = [*name.removeprefix(f"{order_id}:").split(":"), *name.split(":")]
    return next((piece for piece in pieces if piece in KINDS), pieces[0])


def request_name(caller: str, key: str, fingerprint: str) -> str:
    """`api:{caller}:{key}:{fingerprint}`: the command id of a request with an Idempotency-Key.

    Its four pieces or more, and its last one, which is a hash and no kind, keep it apart from names by `derived_name`: the key
    of a client is no name of ours. Read back from both ends, as neither a caller's name nor a fingerprint holds a `:`.
    """
    return f"api:{caller}:{key}:{fingerprint}"


def workflow_id(workflow: str, first: str, second: str | None = None, *, separator: str = "/") -> str:
    """`{type}-{orderId}`, `{type}-{orderId}/{refundId}`, or `{type}:{hash}`: at most 255 bytes, as Temporal takes them.

    Read back from its beginning: no type and a `-` begin another type, and the first separator ends the first part. In a
    hash the type is followed by a `:`, in a plain form by a `-`.
    """
    parts = [first] if second is None else [first, second]
    plain = older_workflow_id(workflow, *parts, separator=separator)
    if separator in first or len(plain.encode()) > MAX_NAME:
        return f"{workflow}:{_hash(workflow, *parts)}"
    return plain


def older_workflow_id(workflow: str, *parts: str, separator: str = "/") -> str:
    """The plain form at any length: all workflow ids from before decision 22 have it."""
    return f"{workflow}-{separator.join(parts)}"


def _hash(*parts: str) -> str:
    # JSON: unambiguous for any strings.
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
