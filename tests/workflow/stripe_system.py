"""A running system with card payments at Stripe, and Stripe's own amounts."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from temporalio.client import Client
from temporalio.worker import Interceptor

from tests.gateways.local_stripe import API_KEY, Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.running_system import RunningSystem, running_system
from tests.workflow.books import assert_the_books_hold

CARD = "pm_card_visa"
NEVER = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class StripeSystem(RunningSystem):
    """Orders name a card. stripe: the provider that charges it."""

    stripe: StripeProxy

    async def place(self, order_id: str | None = None, **changes: Any) -> str:
        return await super().place(order_id, **{"paymentMethod": CARD, **changes})

    async def at_stripe(self, order_id: str) -> Money:
        """Amounts of an order at Stripe, not in our ledger."""
        return await self.stripe.behind.money(order_id)

    async def assert_paid_for_or_given_back(self, order_id: str, total: int) -> None:
        """Assert that the order is shipped and charged once completely, or cancelled without a charge or an
        authorisation."""
        status, money = (await self.state(order_id)).status, await self.at_stripe(order_id)
        taken = Money(charges=1, charged=total)
        assert status in ("shipped", "cancelled")
        if status == "shipped":
            assert money == taken, order_id
        else:
            assert money in (Money(), replace(taken, refunds=1, refunded=total)), order_id

    async def assert_stripe_agrees(self, *order_ids: str) -> None:
        """Assert that the streams agree with our books, and our books with Stripe's."""
        await assert_the_books_hold(self)
        for order_id in order_ids:
            money = await self.at_stripe(order_id)
            charged, refunded = await self.money(order_id)
            # A released authorisation is no charge of Stripe's.
            assert charged - refunded == money.charged - money.refunded + money.held
            assert money.charges <= 1
            assert money.refunded <= money.charged


@asynccontextmanager
async def stripe_system(
    database_url: str,
    client: Client,
    stripe: StripeProxy,
    *,
    interceptors: Sequence[Interceptor] = (),
    **settings: Any,
) -> AsyncIterator[StripeSystem]:
    chosen = {
        "stripe_api_key": API_KEY,
        "stripe_api_base": stripe.address,
        "stripe_reconcile_seconds": NEVER,
        **settings,
    }
    async with running_system(database_url, client, interceptors=interceptors, **chosen) as running:
        yield StripeSystem(running.app, running.client, stripe)
