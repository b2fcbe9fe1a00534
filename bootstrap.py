"""The composition root: everything is built and joined here, and nowhere else."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Interceptor, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from activities.cancelling import request_cancel
from activities.failures import ActivityFailures
from activities.heartbeats import Heartbeats
from activities.inventory import InventoryActivities
from activities.observation import Observation
from activities.payment import PaymentActivities
from activities.publish import PublishActivities
from activities.shipping import ShippingActivities
from activities.streams import Orders, StreamActivities, order_codec, order_handler
from dispatcher.dispatcher import Dispatcher
from dispatcher.left_over import LeftOver
from dispatcher.parking import Parking
from dispatcher.starter import WorkflowStarter
from eventstore.codec import Codec
from eventstore.consumer import ConsumerRunner
from eventstore.pool import open_pool, require_sessions
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from gateways.chosen import chosen_gateways
from gateways.protocols import PaymentGateway, ShippingGateway
from gateways.stripe.events import StripeEvents
from inventory.stock import Stock
from orders.events import Event
from projections import PROJECTIONS
from projections.queries import Queries
from projections.runner import Projector
from settings import Settings, SettingsError
from telemetry.tracing import temporal_interceptors
from webhooks.activities import WebhookActivities
from webhooks.deliveries import Deliveries
from webhooks.endpoints import Endpoints
from webhooks.relay import Relay
from webhooks.sender import Sender
from webhooks.starter import DeliveryStarter
from webhooks.steps import task_queue
from webhooks.workflow import DeliverWebhooks
from workflows.fulfill_order import FulfillOrder
from workflows.model import SEARCH_ATTRIBUTES
from workflows.notify_shipment import NotifyShipment
from workflows.refund_order import RefundOrder
from workflows.sandbox import Sandbox
from workflows.validate_order import ValidateOrder

if TYPE_CHECKING:
    from gateways.stripe.api import StripeApi

WORKFLOWS = [ValidateOrder, FulfillOrder, NotifyShipment, RefundOrder]
WEBHOOK_WORKFLOWS = [DeliverWebhooks]
_OUR_MODULES = ("activities", "eventstore", "orders", "webhooks", "workflows")
WEBHOOKS_AT_ONCE = 500

# Temporal keeps a run's next task for the worker that had the last one. Where that was killed, every order it was at
# stands still for this long; the SDK's own ten seconds held them up for 13 s after a restart.
TASKS_OF_A_KILLED_WORKER = timedelta(seconds=3)


@dataclass(frozen=True)
class App:
    """The system over one database, without Temporal."""

    settings: Settings
    pool: asyncpg.Pool
    wakeup: Wakeup
    store: EventStore
    codec: Codec[Event]
    orders: Orders
    stock: Stock
    payments: PaymentGateway
    shipping: ShippingGateway
    parking: Parking
    queries: Queries
    endpoints: Endpoints
    deliveries: Deliveries
    stripe: "StripeApi | None" = None
    stripe_events: StripeEvents | None = None

    async def close(self) -> None:
        """Send what is still to be said, and let go of the gateways."""
        await self.wakeup.flush()
        if self.stripe is not None:
            await self.stripe.close()


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
        payments=gateways.payments,
        shipping=gateways.shipping,
        parking=Parking(pool),
        queries=Queries(pool),
        endpoints=Endpoints(pool, store, allow_private=settings.webhooks_allow_private),
        deliveries=Deliveries(pool),
        stripe=gateways.stripe,
        stripe_events=gateways.stripe_events,
    )


async def connect_temporal(settings: Settings, *, lazy: bool = False) -> Client:
    """A client by Temporal's own environment configuration, with the pydantic data converter. lazy: connect when used.
    Raises SettingsError where a key would be sent without TLS."""
    key = settings.temporal_api_key
    given = {"TEMPORAL_API_KEY": key.get_secret_value()} if key else {}
    config = ClientConfig.load_client_connect_config(override_env_vars=os.environ | given)
    config["target_host"] = settings.temporal_address or config.get("target_host") or "localhost:7233"
    if config.get("api_key") and config.get("tls") is False:
        raise SettingsError("TEMPORAL_API_KEY is set and TEMPORAL_TLS is false: the key would be sent for all to read")
    return await Client.connect(
        **config, lazy=lazy, data_converter=pydantic_data_converter, interceptors=temporal_interceptors()
    )


async def require_search_attributes(client: Client) -> None:
    """Refuse to serve a namespace without our search attributes, on which every start would fail. Raises SettingsError."""
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        known = (await client.operator_service.list_search_attributes(request)).custom_attributes
    except RPCError as error:
        if error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            return  # not for us to ask; a start will tell
        raise
    missing = [each for each in SEARCH_ATTRIBUTES if each.name not in known]
    if missing:
        commands = "; ".join(
            f"temporal operator search-attribute create --name {each.name} --type {each.indexed_value_type.name.title()}"
            for each in missing
        )
        raise SettingsError(
            f"Temporal's namespace {client.namespace!r} lacks search attributes, create them: {commands}"
        )


def build_activities(app: App) -> list[Callable[..., Any]]:
    """Every activity, over the app's parts."""
    return [
        *StreamActivities(app.orders, app.stock).all,
        *PaymentActivities(app.orders, app.payments, app.pool).all,
        *InventoryActivities(app.orders, app.stock).all,
        *ShippingActivities(app.orders, app.shipping).all,
        *PublishActivities(app.store, app.codec).all,
        request_cancel,
    ]


def workflow_runner() -> Sandbox:
    """The sandbox that workflows run and replay in. Our own modules pass through it and are checked by tests/determinism.py
    instead: importing them anew for each run costs a sixth of a worker's time or more (decision 10)."""
    return Sandbox(restrictions=SandboxRestrictions.default.with_passthrough_modules(*_OUR_MODULES))


def build_worker(app: App, client: Client, interceptors: Sequence[Interceptor] = ()) -> Worker:
    """The Temporal worker. interceptors: further ones, around the activities' own."""
    return Worker(
        client,
        task_queue=app.settings.task_queue,
        workflows=WORKFLOWS,
        activities=build_activities(app),
        interceptors=[Observation(), Heartbeats(), *interceptors, ActivityFailures()],
        workflow_runner=workflow_runner(),
        max_concurrent_workflow_tasks=app.settings.worker_workflow_tasks,
        max_concurrent_activities=app.settings.worker_activities,
        max_concurrent_local_activities=app.settings.worker_database_steps,
        max_concurrent_workflow_task_polls=app.settings.worker_pollers,
        max_concurrent_activity_task_polls=app.settings.worker_pollers,
        max_cached_workflows=app.settings.worker_cached_workflows,
        graceful_shutdown_timeout=timedelta(seconds=app.settings.shutdown_seconds),
        sticky_queue_schedule_to_start_timeout=TASKS_OF_A_KILLED_WORKER,
        deployment_config=_deployment(app.settings),
    )


def build_webhook_worker(app: App, client: Client, sender: Sender, interceptors: Sequence[Interceptor] = ()) -> Worker:
    """The Temporal worker that delivers webhooks. A task queue of its own and so many places, because receivers may hang:
    each can hold no more than a few."""
    return Worker(
        client,
        task_queue=task_queue(app.settings.task_queue),
        workflows=WEBHOOK_WORKFLOWS,
        activities=WebhookActivities(app.endpoints, app.deliveries, app.store, sender).all,
        interceptors=[Observation(), *interceptors, ActivityFailures()],
        workflow_runner=workflow_runner(),
        max_concurrent_activities=WEBHOOKS_AT_ONCE,
        graceful_shutdown_timeout=timedelta(seconds=app.settings.shutdown_seconds),
        sticky_queue_schedule_to_start_timeout=TASKS_OF_A_KILLED_WORKER,
        deployment_config=_deployment(app.settings),
    )


def _deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """Opt-in worker versioning. A run moves on to the current version: not every old one is kept running as long as an
    order may wait, so a change of a workflow is patched all the same."""
    if settings.deployment_name is None or settings.build_id is None:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=settings.deployment_name, build_id=settings.build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def build_dispatcher(app: App, client: Client, *, eager: bool) -> Dispatcher:
    """The dispatcher; `eager` where a worker on the same client runs in this process. Temporal gives an eager first task
    to a worker of any version, so a versioned worker gets none: a version that is not current takes no order."""
    starter = WorkflowStarter(
        client,
        app.settings.task_queue,
        eager=eager and not app.settings.versioned,
        left_over=LeftOver(app.orders, app.store),
    )
    return Dispatcher(app.store, app.codec, starter, app.parking)


def build_projectors(app: App) -> list[Projector[Any]]:
    """A projector for every projection."""
    return [Projector(app.pool, app.store, app.codec, projection) for projection in PROJECTIONS]


def build_relay(app: App, client: Client) -> Relay:
    """The reader of the log that has webhooks delivered."""
    return Relay(app.store, DeliveryStarter(client, task_queue(app.settings.task_queue)))


def build_runner(app: App, consumer: Any, *, gather: float = 0.0) -> ConsumerRunner:
    """Runs a consumer wherever in the fleet it is not running yet."""
    return ConsumerRunner(consumer, dsn=app.settings.app_database_url, wakeup=app.wakeup, gather=gather)
