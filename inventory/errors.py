"""Refusals of adjustments. Each error has its facts as attributes and its remedy in its docstring."""

from inventory.stock_file import MAX_BIGINT
from orders.events import Shortage


class AdjustmentRefused(Exception):
    """Base of all refusals of an adjustment, which has then changed nothing."""


class InvalidAdjustment(AdjustmentRefused):
    """A value that no adjustment can have. field: its name; problem: worded to follow the name."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}")
        self.field, self.problem = field, problem


class SkuNotFound(AdjustmentRefused):
    """There is no stock of this SKU. Check it; a new one begins with its level."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"there is no SKU {sku}: set its level first")
        self.sku = sku


class StockChanged(AdjustmentRefused):
    """The present quantity is not the expected one. Look at it, and decide again."""

    def __init__(self, sku: str, expected: int | None, available: int) -> None:
        super().__init__(f"{sku} has {available:,} units available, not {expected:,}: nothing was changed")
        self.sku, self.expected, self.available = sku, expected, available


class StockOutOfRange(AdjustmentRefused):
    """The change would lead below zero, or beyond the largest number. Take a smaller one."""

    def __init__(self, sku: str, change: int, available: int) -> None:
        beyond = "below zero" if change < 0 else f"above {MAX_BIGINT:,}, the largest number of units"
        super().__init__(
            f"{sku} has {available:,} units available: {change:+,} would lead {beyond}; nothing was changed"
        )
        self.sku, self.change, self.available = sku, change, available


class UnitsNotReserved(AdjustmentRefused):
    """The order has no units that could come back: they were released, or never reserved."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} holds no units that could go back into stock")
        self.order_id = order_id


class RestockConflict(AdjustmentRefused):
    """Different units went back for this refund. The list of adjustments has them; correct a mistake by an adjustment."""

    def __init__(self, order_id: str, refund_id: str) -> None:
        super().__init__(f"for refund {refund_id} of order {order_id} other units went back into stock before")
        self.order_id, self.refund_id = order_id, refund_id


class RestockExceedsOrder(AdjustmentRefused):
    """More units of a SKU than the order has shipped and not yet returned."""

    def __init__(self, order_id: str, shortages: tuple[Shortage, ...]) -> None:
        named = ", ".join(f"{each.sku} (at most {each.available:,}, not {each.requested:,})" for each in shortages[:5])
        super().__init__(f"order {order_id} cannot return so many units of {named}: nothing was changed")
        self.order_id, self.shortages = order_id, shortages
