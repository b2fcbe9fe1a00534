"""The process: Temporal worker, dispatcher and projector, each selectable, with one graceful stop."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import structlog
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.cancelling import request_cancel
from activities.interceptors.failures import ActivityFailures
from activities.interceptors.heartbeats import Heartbeats
from activities.interceptors.in_progress import InProgress
from activities.interceptors.observation import Observation
from activities.inventory import InventoryActivities
from activities.order import OrderActivities
from activities.payment import PaymentActivities
from activities.publish import PublishActivities
from activities.queues import Gateway, gateway_queue
from activities.shipping import ShippingActivities
from bootstrap import App, open_app
from eventstore.consumer import ConsumerRunner
from process import run, running_workers
from settings import load_settings
from telemetry import configure_logging
from telemetry.process import configure_temporal, metrics_served
from telemetry.tracing import configure_tracing
from temporal import (
    SCHEDULED_WORKFLOWS,
    WEBHOOK_WORKFLOWS,
    WORKFLOWS,
    connect_temporal,
    gateway_worker_limits,
    order_worker_limits,
    require_search_attributes,
    schedule_reconciliation,
    worker_options,
)
from webhooks.activities import WebhookActivities
from webhooks.sender import Sender
from webhooks.steps import task_queue

# Seconds. A step of a read model or of the relay takes as long for one event as for some: at 50 ms they took a tenth of a
# worker's processor time and a third of PostgreSQL's. While orders flow, read models and webhooks are at most this much later.
_GATHER: Final = 0.25
WEBHOOKS_AT_ONCE: Final = 500
_log = structlog.get_logger(__name__)


class Role(StrEnum):
    """Role of a process. Any number of processes may have each. Processes with the dispatcher divide its lanes; the projector
    and the relay of the webhooks have one owner at a time."""

    WORKER = "worker"
    DISPATCHER = "dispatcher"
    PROJECTOR = "projector"
    WEBHOOKS = "webhooks"


def order_worker(app: App, client: Client, interceptors: Sequence[Interceptor] = ()) -> Worker:
    """The Temporal worker of orders. interceptors: further ones, around the activities' own."""
    return Worker(
        client,
        task_queue=app.settings.task_queue,
        workflows=[*WORKFLOWS, *SCHEDULED_WORKFLOWS],
        activities=order_activities(app),
        interceptors=[Observation(), Heartbeats(), *interceptors, ActivityFailures()],
        **order_worker_limits(app.settings),
        **worker_options(app.settings),
    )


def gateway_workers(app: App, client: Client, interceptors: Sequence[Interceptor] = ()) -> list[Worker]:
    """The Temporal workers of the gateways' steps, each with places and a rate of its own: calls that hang at one do not delay
    the other's."""
    return [
        Worker(
            client,
            task_queue=gateway_queue(app.settings.task_queue, gateway),
            activities=gateway_activities(app)[gateway],
            interceptors=[Observation(), Heartbeats(), *interceptors, ActivityFailures()],
            **gateway_worker_limits(app.settings, gateway),
            **worker_options(app.settings),
        )
        for gateway in Gateway
    ]


def gateway_activities(app: App) -> dict[Gateway, list[Callable[..., Any]]]:
    deadline = app.settings.payment_deadline
    return {
        Gateway.PAYMENTS: PaymentActivities(app.orders, app.payments, app.pool, deadline=deadline).all,
        Gateway.LABELS: ShippingActivities(app.orders, app.shipping, app.stock).all,
    }


def order_activities(app: App) -> list[Callable[..., Any]]:
    """Every activity of an order. The gateways' ones too: runs from before their task queues have scheduled them here."""
    return [
        *OrderActivities(app.orders, app.stock).all,
        *chain.from_iterable(gateway_activities(app).values()),
        *InventoryActivities(app.orders, app.stock, app.shipping).all,
        *PublishActivities(app.store, app.codec).all,
        *([app.reconciling().reconcile_payments] if app.stripe else []),
        request_cancel,
    ]


def webhook_worker(app: App, client: Client, sender: Sender, interceptors: Sequence[Interceptor] = ()) -> Worker:
    """The Temporal worker that delivers webhooks. A task queue of its own and so many places, because receivers may hang:
    each can hold no more than a few."""
    return Worker(
        client,
        task_queue=task_queue(app.settings.task_queue),
        workflows=WEBHOOK_WORKFLOWS,
        activities=WebhookActivities(app.endpoints, app.deliveries, app.store, sender).all,
        interceptors=[Observation(), *interceptors, ActivityFailures()],
        max_concurrent_activities=WEBHOOKS_AT_ONCE,
        **worker_options(app.settings),
    )


def consumers(app: App, client: Client, roles: Collection[Role]) -> Iterator[ConsumerRunner]:
    """The readers of the log that these roles run."""
    if Role.DISPATCHER in roles:
        yield app.lane_runner(app.dispatcher(client, eager=Role.WORKER in roles))
    if Role.PROJECTOR in roles:
        yield from (app.runner(projector, gather=_GATHER) for projector in app.projectors())
    if Role.WEBHOOKS in roles:
        yield app.runner(app.relay(client), gather=_GATHER)


async def serve(
    app: App,
    client: Client,
    roles: Collection[Role],
    *,
    ready: asyncio.Event | None = None,
    interceptors: Sequence[Interceptor] = (),
) -> None:
    """Run the roles until cancelled; then activities in progress end and everything is closed in order. Raises StillRunning
    where some do not end within the grace time, nor when they are cancelled after it."""
    await require_search_attributes(client)
    settings, in_progress, workers = app.settings, InProgress(), list[Worker]()
    async with AsyncExitStack() as stack:
        if Role.WORKER in roles:
            await schedule_reconciliation(client, settings)
            workers.append(order_worker(app, client, [in_progress, *interceptors]))
            workers += gateway_workers(app, client, [in_progress, *interceptors])
        if Role.WEBHOOKS in roles:
            sender = await stack.enter_async_context(Sender(allow_private=settings.webhooks_allow_private))
            workers.append(webhook_worker(app, client, sender, [in_progress, *interceptors]))
        async with (
            running_workers(workers, settings.shutdown_seconds, in_progress.names),
            asyncio.TaskGroup() as group,
        ):
            group.create_task(app.wakeup.listen(settings.app_database_url))
            for consumer in consumers(app, client, roles):
                group.create_task(consumer.run())
            _log.info(
                "serving",
                roles=[str(role) for role in roles],
                task_queue=settings.task_queue,
                payments=settings.payments,
                labels=settings.labels,
            )
            if ready is not None:
                ready.set()


async def main(roles: Collection[Role] = tuple(Role)) -> None:
    """Serve by the environment's settings until SIGINT or SIGTERM."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    configure_tracing(settings)
    configure_temporal(settings)
    async with open_app(settings) as app:
        client = await connect_temporal(settings)
        try:
            async with metrics_served(settings, app.sources(client), client):
                await serve(app, client, roles)
        except asyncio.CancelledError:
            _log.info("stopped")


if __name__ == "__main__":
    run(main)
