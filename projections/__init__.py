"""Read models: each is a fold of the log into rows, written with its checkpoint in one transaction."""

from typing import Any, Final

from projections.customer_orders import CUSTOMER_ORDERS
from projections.daily_figures import DAILY_FIGURES
from projections.order_dashboard import ORDER_DASHBOARD
from projections.projection import Projection

PROJECTIONS: Final[tuple[Projection[Any], ...]] = (ORDER_DASHBOARD, CUSTOMER_ORDERS, DAILY_FIGURES)
