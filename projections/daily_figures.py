"""Read model daily-figures: a row per quarter of an hour and currency, with the occurrences in it.

A day in any zone is a number of whole rows: every offset from UTC since 1972 is a multiple of a quarter of an hour.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final, TypeAlias, assert_never, get_args

from eventstore.model import RecordedEvent
from orders.adjustments import PaymentAdjusted
from orders.events import OrderCancelled, OrderPaid, OrderPlaced, OrderRefunded, OrderShipped
from orders.payment_events import RefundClosed, RefundOutcome
from projections.columns import Sum
from projections.projection import Changes, Key, Projection

_QUARTER: Final = 15  # minutes
_NOT_TAKEN: Final = frozenset({"captured", "released"})
FiguresEvent: TypeAlias = (
    OrderPlaced | OrderPaid | OrderShipped | OrderCancelled | OrderRefunded | RefundClosed | PaymentAdjusted
)


@dataclass(slots=True)
class FiguresRow:
    """Occurrences from `quarter` on, UTC, for a quarter of an hour, in a currency: their number and their sum in minor units.

    Placed counts by the order's own time, the rest by the time of recording. charged: less the money that the provider did not
    capture or has released. refunded: money returned in any way, lost disputes included, less the money of disputes won.
    """

    quarter: datetime
    currency: str
    placed: int = 0
    placed_amount: Sum = 0
    charged: int = 0
    charged_amount: Sum = 0
    shipped: int = 0
    shipped_amount: Sum = 0
    cancelled: int = 0
    refunded: int = 0
    refunded_amount: Sum = 0
    position: int = 0


def changes(row: FiguresRow, event: FiguresEvent, recorded: RecordedEvent) -> Changes:
    """New figures of the quarter of an hour."""
    return {"position": recorded.position, **_figures(row, event)}


def _figures(row: FiguresRow, event: FiguresEvent) -> Changes:
    match event:
        case OrderPlaced(total=total):
            return {"placed": row.placed + 1, "placed_amount": row.placed_amount + total}
        case OrderPaid(amount=amount):
            return {"charged": row.charged + 1, "charged_amount": row.charged_amount + amount}
        case OrderShipped(amount=amount):
            return {"shipped": row.shipped + 1, "shipped_amount": row.shipped_amount + amount}
        case OrderCancelled():
            return {"cancelled": row.cancelled + 1}
        case OrderRefunded(amount=amount):
            return _refunded(row, amount)
        case RefundClosed(outcome=RefundOutcome.SETTLED_ELSEWHERE, made=False, amount=amount):
            return _refunded(row, amount)
        case RefundClosed():
            return {}
        case PaymentAdjusted(action=action, returned=returned):
            if action in _NOT_TAKEN:
                return {"charged_amount": row.charged_amount - returned}
            return _refunded(row, returned)
        case _:
            assert_never(event)


def _refunded(row: FiguresRow, amount: int) -> Changes:
    """A cancelled order whose charge never was has a refund of 0, which is no occurrence; nor is a dispute that is open."""
    return {"refunded": row.refunded + (amount > 0), "refunded_amount": row.refunded_amount + amount}


def _keys(event: FiguresEvent, recorded: RecordedEvent) -> tuple[Key]:
    at = event.placed_at if isinstance(event, OrderPlaced) else recorded.recorded_at
    return ((at.replace(minute=at.minute - at.minute % _QUARTER, second=0, microsecond=0), event.currency),)


SUMMED: Final = tuple(
    field.name for field in fields(FiguresRow) if field.name not in ("quarter", "currency", "position")
)
DAILY_FIGURES: Final = Projection(
    name="daily-figures",
    table="daily_figures",
    row=FiguresRow,
    key_columns=("quarter", "currency"),
    events=get_args(FiguresEvent),
    keys=_keys,
    changes=changes,
)
