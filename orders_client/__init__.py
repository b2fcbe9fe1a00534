"""Client of the HTTP API, for scripts and services: places orders, waits for them, acts on them, and follows events."""

from orders_client.client import Orders
from orders_client.errors import (
    Conflict,
    CursorBeyondLog,
    Forbidden,
    InvalidRequest,
    NoAnswer,
    NotFound,
    OrderChangedMeanwhile,
    OrdersError,
    ProblemError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    WaitTimeout,
)
from orders_client.order import Order

__all__ = [
    "Conflict",
    "CursorBeyondLog",
    "Forbidden",
    "InvalidRequest",
    "NoAnswer",
    "NotFound",
    "Order",
    "OrderChangedMeanwhile",
    "Orders",
    "OrdersError",
    "ProblemError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "WaitTimeout",
]
