"""Activities of a delivery: find the next one, attempt it, park it."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import structlog
from prometheus_client import Counter
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from eventstore.errors import UndecodableEvent
from eventstore.store import EventStore
from webhooks.deliveries import Deliveries
from webhooks.endpoints import Endpoints
from webhooks.envelope import body
from webhooks.errors import UnknownEndpoint
from webhooks.lanes import Busy, Lane, Lanes
from webhooks.options import backoff
from webhooks.sender import Answer, NoAnswer, Sender
from webhooks.signing import signed_headers
from webhooks.steps import (
    DELIVER_WEBHOOK,
    NEXT_DELIVERY,
    PARK_DELIVERY,
    DeliveryRef,
    NextDelivery,
    OrderDeliveries,
)

_GONE: Final = 410
_LONGEST_QUEUE: Final = 60.0  # seconds; maximum delay of an attempt that found its endpoint busy
_RESULTS: Final = Counter(
    "orders_webhook_deliveries", "Attempts that delivered or failed, and deliveries parked", ["endpoint", "result"]
)
_log = structlog.get_logger(__name__)


class WebhookActivities:
    """The activities of the workflow `deliver-webhooks`."""

    def __init__(self, endpoints: Endpoints, deliveries: Deliveries, store: EventStore, sender: Sender) -> None:
        self._endpoints, self._deliveries, self._store, self._sender = endpoints, deliveries, store, sender
        self._lanes = Lanes()

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.next_delivery, self.deliver_webhook, self.park_delivery]

    @activity.defn(name=NEXT_DELIVERY.name)
    async def next_delivery(self, order: OrderDeliveries) -> NextDelivery:
        """Return the order's first pending delivery, if any."""
        return await self._next(order)

    @activity.defn(name=DELIVER_WEBHOOK.name)
    async def deliver_webhook(self, delivery: DeliveryRef) -> NextDelivery:
        """Attempt a delivery. Return the next one where it was delivered or is no longer pending; else fail, to be retried."""
        lane = self._lanes.of(delivery.endpoint_id)
        try:
            async with lane.slot():
                await self._attempt(delivery, lane)
        except Busy as busy:
            wait = busy.retry_after or min(backoff(activity.info().attempt), _LONGEST_QUEUE)
            raise _failure("Busy", str(busy), wait * random.uniform(1, 1.5)) from None
        return await self._next(delivery)

    @activity.defn(name=PARK_DELIVERY.name)
    async def park_delivery(self, delivery: DeliveryRef) -> NextDelivery:
        """Park the delivery with the error of its last attempt."""
        await self._deliveries.park(delivery.endpoint_id, delivery.position)
        _RESULTS.labels(delivery.endpoint_id, "parked").inc()
        _log.error("webhook parked", endpoint=delivery.endpoint_id, position=delivery.position)
        return await self._next(delivery)

    async def _attempt(self, delivery: DeliveryRef, lane: Lane) -> None:
        url = await self._deliveries.target(delivery.endpoint_id, delivery.position)
        if url is None:
            return
        event = await self._store.read_at(delivery.position)
        if event is None:
            await self._deliveries.park(delivery.endpoint_id, delivery.position, "the log has no event there")
            return
        try:
            content = body(event)
        except UndecodableEvent as error:
            await self._deliveries.park(delivery.endpoint_id, delivery.position, str(error))
            return
        headers = signed_headers(str(event.id), content, await self._endpoints.secrets(delivery.endpoint_id))
        try:
            answer = await self._sender.post(url, headers, content)
        except NoAnswer as error:
            lane.timed_out()
            await self._record_failure(delivery, None, str(error), None, backoff(activity.info().attempt))
            raise _failure("NoAnswer", error.kind) from None
        lane.responded()
        await self._record(delivery, answer, lane)

    async def _record(self, delivery: DeliveryRef, answer: Answer, lane: Lane) -> None:
        if 200 <= answer.status < 300:
            await self._deliveries.delivered(delivery.endpoint_id, delivery.position, answer.status, answer.text)
            _RESULTS.labels(delivery.endpoint_id, "delivered").inc()
            return
        refusal = f"answered {answer.status}"
        again_in = backoff(activity.info().attempt)
        if answer.status in (429, 503) and answer.retry_after is not None:
            again_in = answer.retry_after
            lane.pause(again_in)
        await self._record_failure(delivery, answer.status, refusal, answer.text, again_in)
        if answer.status == _GONE:
            await self._disable_endpoint(delivery)
            return
        raise _failure("Refused", refusal, again_in)

    async def _disable_endpoint(self, delivery: DeliveryRef) -> None:
        await self._deliveries.park(delivery.endpoint_id, delivery.position)
        _RESULTS.labels(delivery.endpoint_id, "parked").inc()
        with suppress(UnknownEndpoint):  # removed in the meantime
            await self._endpoints.disable(delivery.endpoint_id, "answered 410: gone")
        _log.error("webhook endpoint disabled, it answered 410", endpoint=delivery.endpoint_id)

    async def _record_failure(
        self, delivery: DeliveryRef, status: int | None, error: str, response: str | None, again_in: float
    ) -> None:
        await self._deliveries.failed(delivery.endpoint_id, delivery.position, status, error, response, again_in)
        _RESULTS.labels(delivery.endpoint_id, "failed").inc()

    async def _next(self, order: OrderDeliveries) -> NextDelivery:
        found = await self._deliveries.next(order.endpoint_id, order.order_id)
        return NextDelivery(position=found[0], age=found[1]) if found else NextDelivery()


def _failure(kind: str, message: str, again_in: float | None = None) -> ApplicationError:
    """Failure for Temporal's history, without the receiver's address or response."""
    delay = timedelta(seconds=again_in) if again_in is not None else None
    return ApplicationError(message, type=kind, next_retry_delay=delay, category=ApplicationErrorCategory.BENIGN)
