"""The whole system in one process, with simulated providers, a fast clock and boundaries at every step."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.interceptors.failures import ActivityFailures
from activities.interceptors.heartbeats import Heartbeats
from activities.payment import PaymentActivities
from activities.payment_attempts import PaymentAwaited
from activities.queues import Gateway, gateway_queue
from activities.signatures import CHARGE_PAYMENT, ChargeRef, Payment
from bootstrap import App, build_app
from eventstore.pool import open_pool
from explore.boundaries import Boundaries
from explore.clock import FastClock, workflow_time
from explore.easypost_stand_in import API_KEY as EASYPOST_KEY
from explore.easypost_stand_in import SENDER, EasyPostBooks, EasyPostStandIn
from explore.older_copy import OlderCopy, restored
from explore.providers import Weather
from explore.stripe_books import StripeBooks
from explore.stripe_stand_in import API_KEY as STRIPE_KEY
from explore.stripe_stand_in import WEBHOOK_SECRET, StripeStandIn
from gateways.easypost.api import EasyPostApi
from gateways.easypost.settings import sender_address
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.payments import Charge, ChargeRequest
from gateways.stripe.payment import StripePaymentGateway
from settings import Settings
from temporal import WORKFLOWS
from worker import order_activities

HOLDS_MONEY: Final = "pm_card_held"
"""Means of payment of orders that are authorised first and captured with the label."""
_LONGEST_CALL: Final = 0.05  # seconds, shorter than the carrier's because the workflows' clock is faster
_GATHER: Final = 0.2  # seconds
DEADLINE: Final = timedelta(hours=12)
"""Of an order that waits after a decline, in its workflow's time."""


@dataclass(frozen=True)
class Explored:
    """A running system under exploration. workflows: by order id, the position of its last event when they were read, and
    their types by workflow id. waiting: ids of orders that wait after a decline. without_webhooks: ids of orders."""

    app: App
    client: Client
    """Client of the server itself; `restored` is the application's, which may see an older copy."""
    restored: Client
    stripe: StripeBooks
    easypost: EasyPostBooks
    weather: Weather
    clock: FastClock
    boundaries: Boundaries
    older: OlderCopy
    workflows: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    without_webhooks: set[str] = field(default_factory=set)


class _EitherWay:
    """Payment gateway with both ways of capturing, selected by the order's means of payment."""

    def __init__(self, at_once: Any, with_label: Any) -> None:
        self._at_once, self._with_label = at_once, with_label

    async def charge(self, request: ChargeRequest) -> Charge:
        gateway = self._with_label if request.payment_method == HOLDS_MONEY else self._at_once
        charge: Charge = await gateway.charge(request)
        return charge

    def __getattr__(self, name: str) -> Any:
        return getattr(self._at_once, name)


class _Charges:
    """The activity `charge-payment` with both settings of the deadline, selected by the order."""

    def __init__(self, system: Explored) -> None:
        app = system.app
        self._waiting = system.waiting
        self._final = PaymentActivities(app.orders, app.payments, app.pool)
        self._first = PaymentActivities(app.orders, app.payments, app.pool, deadline=DEADLINE)

    @activity.defn(name=CHARGE_PAYMENT.name)
    async def charge_payment(self, ref: ChargeRef) -> Payment:
        payments = self._first if ref.order_id in self._waiting else self._final
        try:
            return await payments.charge_payment(ref)
        except PaymentAwaited as awaited:
            until = workflow_time(awaited.failure.waits_until)
            raise PaymentAwaited(awaited, awaited.failure.model_copy(update={"waits_until": until})) from None


class _ImpatientEasyPost(EasyPostApi):
    @property
    def purchase_seconds(self) -> float:
        return _LONGEST_CALL


@asynccontextmanager
async def explored(
    database_url: str,
    client: Client,
    *,
    task_queue: str = "explore",
    adapt: Callable[[App], App] = lambda app: app,
) -> AsyncIterator[Explored]:
    """Run the system over a migrated database; a cancel stops it gracefully. adapt: replaces parts, to test that an
    exploration finds a fault in them."""
    settings = Settings(
        database_url=database_url,
        task_queue=task_queue,
        stripe_api_key=STRIPE_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        easypost_api_key=EASYPOST_KEY,
        easypost_from=SENDER,
    )
    weather = Weather()
    stripe, easypost = StripeBooks(weather), EasyPostBooks(weather)
    async with open_pool(database_url) as pool:
        app = _with_stand_ins(build_app(settings, pool), StripeStandIn(weather, stripe), EasyPostStandIn(easypost))
        app = adapt(app)
        older = OlderCopy()
        system = Explored(
            app, client, restored(client, older), stripe, easypost, weather, FastClock(), Boundaries(), older
        )
        try:
            async with AsyncExitStack() as workers:
                for worker in _workers(system):
                    await workers.enter_async_context(worker)
                serving = asyncio.create_task(_serve(system))
                try:
                    yield system
                finally:
                    serving.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await serving
        finally:
            await app.close()


def _with_stand_ins(app: App, stripe: StripeStandIn, easypost: EasyPostStandIn) -> App:
    assert app.stripe is not None
    app.stripe._http._client_async = httpx.AsyncClient(transport=stripe)
    with_label = StripePaymentGateway(app.pool, app.stripe, with_label=True)
    carrier = _ImpatientEasyPost(EASYPOST_KEY, sender_address(SENDER))
    carrier._client._requests_session.mount("https://api.easypost.com/", easypost)
    return replace(
        app, payments=_EitherWay(app.payments, with_label), shipping=EasyPostShippingGateway(app.pool, carrier)
    )


def _workers(system: Explored) -> list[Worker]:
    """One worker for each task queue: of the workflows, and of each gateway."""
    fleet = system.app.settings.task_queue
    return [_worker(system, fleet, WORKFLOWS), *(_worker(system, gateway_queue(fleet, each)) for each in Gateway)]


def _worker(system: Explored, task_queue: str, workflows: Sequence[type] = ()) -> Worker:
    return Worker(
        system.client,
        task_queue=task_queue,
        workflows=workflows,
        activities=_activities(system),
        interceptors=[Heartbeats(), system.boundaries, ActivityFailures()],
        workflow_runner=system.clock,
        max_concurrent_local_activities=500,
        max_concurrent_activities=500,
    )


def _activities(system: Explored) -> list[Callable[..., Any]]:
    charging = _Charges(system).charge_payment
    return [charging, *(each for each in order_activities(system.app) if each.__name__ != charging.__name__)]


async def _serve(system: Explored) -> None:
    app = system.app
    async with asyncio.TaskGroup() as group:
        group.create_task(app.wakeup.listen(app.settings.app_database_url))
        group.create_task(app.lane_runner(app.dispatcher(system.restored, eager=False)).run())
        for projector in app.projectors():
            group.create_task(app.runner(projector, gather=_GATHER).run())
