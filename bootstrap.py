"""The composition root: builds and joins the system's parts. Imported by entry files alone.

Temporal's client is imported with the parts that use it: for a command that reads the database it would be half the time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import asyncpg

from eventstore.codec import Codec
from eventstore.consumer import ConsumerRunner
from eventstore.lane_runner import DividedConsumer, LaneRunner
from eventstore.pool import open_pool, require_sessions
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from gateways.books import GatewayBooks
from gateways.chosen import chosen_gateways
from gateways.payments import PaymentGateway
from gateways.shipping import ShippingGateway
from gateways.stripe.events import StripeEvents
from inventory.adjustments import Adjustments
from inventory.stock import Stock
from open_work.sources import Sources
from order_streams import Orders
from order_streams.handling import order_codec, order_handler
from orders.events import Event
from projections import PROJECTIONS
from projections.queries import Queries
from projections.runner import Projector
from settings import Settings
from webhooks.deliveries import Deliveries
from webhooks.endpoints import Endpoints

if TYPE_CHECKING:
    from temporalio.client import Client

    from activities.reconciling import Reconciling
    from dispatcher.dispatcher import Dispatcher
    from gateways.easypost.shipping import EasyPostShippingGateway
    from gateways.stripe.api import StripeApi
    from webhooks.relay import Relay


@dataclass(frozen=True)
class App:
    """The parts of the system over one database, and those that are made of them with a client of Temporal."""

    settings: Settings
    pool: asyncpg.Pool
    wakeup: Wakeup
    store: EventStore
    codec: Codec[Event]
    orders: Orders
    stock: Stock
    adjustments: Adjustments
    payments: PaymentGateway
    shipping: ShippingGateway
    queries: Queries
    endpoints: Endpoints
    deliveries: Deliveries
    stripe: "StripeApi | None" = None
    easypost: "EasyPostShippingGateway | None" = None
    stripe_events: StripeEvents | None = None

    def with_page(self, url: str) -> "App":
        """The same, with the operators' page at this address, unless the settings name one."""
        return replace(self, settings=self.settings.with_page(url))

    async def close(self) -> None:
        """Send the pending wake-ups and close the gateways."""
        await self.wakeup.flush()
        if self.stripe is not None:
            await self.stripe.close()

    def sources(self, client: "Client | None") -> Sources:
        """The sources of an audit, and of the list of open work. client: None where Temporal cannot be reached."""
        return Sources(self.pool, self.store, self.codec, self.stock, GatewayBooks(self.pool), client)

    def reconciling(self) -> "Reconciling":
        """The comparison of payments with Stripe, which must be selected."""
        from activities.reconciling import Reconciling  # noqa: PLC0415

        assert self.stripe is not None
        return Reconciling(self.orders, self.payments, self.pool, self.stripe)

    def dispatcher(self, client: "Client", *, eager: bool) -> "Dispatcher":
        """The dispatcher; `eager` where a worker on the same client runs in this process. Temporal gives an eager first task
        to a worker of any version, so a versioned worker gets none: a version that is not current takes no order."""
        from dispatcher.dispatcher import Dispatcher  # noqa: PLC0415
        from dispatcher.left_over import LeftOver  # noqa: PLC0415
        from dispatcher.starter import WorkflowStarter  # noqa: PLC0415

        starter = WorkflowStarter(
            client,
            self.settings,
            eager=eager and not self.settings.versioned,
            left_over=LeftOver(self.orders, self.store),
        )
        places = self.settings.bulk_in_flight
        return Dispatcher(self.store, self.codec, starter, bulk_places=places)

    def projectors(self) -> list[Projector[Any]]:
        return [Projector(self.pool, self.store, self.codec, projection) for projection in PROJECTIONS]

    def relay(self, client: "Client") -> "Relay":
        """The reader of the log that has webhooks delivered."""
        from webhooks.relay import Relay  # noqa: PLC0415
        from webhooks.starter import DeliveryStarter  # noqa: PLC0415
        from webhooks.steps import task_queue  # noqa: PLC0415

        return Relay(self.store, DeliveryStarter(client, task_queue(self.settings.task_queue)))

    def lane_runner(self, consumer: DividedConsumer) -> LaneRunner:
        """The runner of a consumer that several processes of the fleet run at a time, each for its share of the lanes."""
        return LaneRunner(consumer, dsn=self.settings.app_database_url, wakeup=self.wakeup)

    def runner(self, consumer: Any, *, gather: float = 0.0) -> ConsumerRunner:
        """The runner of a consumer, which runs in one process of the fleet at a time."""
        return ConsumerRunner(consumer, dsn=self.settings.app_database_url, wakeup=self.wakeup, gather=gather)


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Connect to the database, as the application's role. Raises SettingsError, or what the connection raises."""
    await require_sessions(settings.app_database_url)
    async with open_pool(settings.app_database_url, size=settings.database_pool_size) as pool:
        app = build_app(settings, pool)
        try:
            yield app
        finally:
            await app.close()


def build_app(settings: Settings, pool: asyncpg.Pool) -> App:
    """Join the parts over a pool. Raises SettingsError where a gateway's package is not installed."""
    wakeup, codec, stock = Wakeup(pool), order_codec(), Stock(pool)
    store = EventStore(pool, wakeup)
    gateways = chosen_gateways(settings, pool)
    return App(
        settings=settings,
        pool=pool,
        wakeup=wakeup,
        store=store,
        codec=codec,
        orders=order_handler(store, codec),
        stock=stock,
        adjustments=Adjustments(pool),
        payments=gateways.payments,
        shipping=gateways.shipping,
        queries=Queries(pool),
        endpoints=Endpoints(pool, store, allow_private=settings.webhooks_allow_private),
        deliveries=Deliveries(pool),
        stripe=gateways.stripe,
        easypost=gateways.easypost,
        stripe_events=gateways.stripe_events,
    )
