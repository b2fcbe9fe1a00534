"""Reconciliation of payments with the provider: finds changes that no webhook has reported."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
from temporalio import activity

from activities import signatures as step
from activities.adjusting import Adjusting
from activities.signatures import Reconciled, Window
from eventstore.errors import EventStoreError
from gateways.errors import GatewayError, GatewayUnavailable
from gateways.payments import PaymentGateway
from order_streams import Orders
from orders.adjustments import Adjustment
from orders.errors import OrderError

if TYPE_CHECKING:  # the package `stripe` is an extra
    from gateways.stripe.api import StripeApi

FIRST_WINDOW: Final = timedelta(days=3)
"""Looked back where no earlier reconciliation is known."""
_OVERLAP: Final = timedelta(hours=1)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Comparison of an order's payment with the provider. on_hold: the reason. problem: why it was not compared."""

    order_id: str
    status: str | None = None
    recorded: tuple[Adjustment, ...] = ()
    currency: str | None = None
    on_hold: str | None = None
    problem: str | None = None


class Reconciling:
    """Compares payments at Stripe with their orders, by the present state of both; any number of times."""

    def __init__(self, orders: Orders, gateway: PaymentGateway, pool: asyncpg.Pool, api: "StripeApi") -> None:
        self._adjusting, self._pool, self._api = Adjusting(orders, gateway), pool, api

    async def since(self, since: datetime) -> AsyncIterator[Outcome]:
        """Compare the orders whose payment may have changed since then. Raises GatewayUnavailable where Stripe does not
        answer; an order that cannot be compared has its problem in the outcome, and stops no other."""
        from gateways.stripe.changed_since import changed_orders  # noqa: PLC0415

        async for order_id in changed_orders(self._pool, self._api, since):
            yield await self.order(order_id)

    async def order(self, order_id: str) -> Outcome:
        """Compare one order. Raises GatewayUnavailable."""
        try:
            state, recorded = await self._adjusting.adjust(order_id)
        except GatewayUnavailable:
            raise
        except (GatewayError, OrderError, EventStoreError) as error:
            return Outcome(order_id, problem=str(error))
        hold = state.hold.reason if state.hold else None
        return Outcome(order_id, state.status, tuple(recorded), state.order.currency, hold)

    @activity.defn(name=step.RECONCILE_PAYMENTS.name)
    async def reconcile_payments(self, window: Window) -> Reconciled:
        """Compare the payments that may have changed since the last reconciliation began."""
        began = datetime.now(UTC)
        since = window.since - _OVERLAP if window.since else began - FIRST_WINDOW
        orders = recorded = failed = 0
        async for outcome in self.since(since):
            orders, recorded = orders + 1, recorded + len(outcome.recorded)
            if outcome.problem:
                failed += 1
                _log.warning("a payment cannot be reconciled", orderId=outcome.order_id, error=outcome.problem)
            for each in outcome.recorded:
                _log.warning(
                    "a payment was changed at the provider",
                    orderId=outcome.order_id,
                    action=each.action,
                    id=each.reference,
                )
        return Reconciled(until=began, orders=orders, recorded=recorded, failed=failed)
