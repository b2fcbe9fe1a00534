"""The same three workflows with the same kinds of steps, empty and without a database: what they put into Temporal's
history are the events that ours put there."""

from typing import Any, Final, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.queues import Gateway, gateway_queue
    from bench.bare_steps import (
        Availability,
        Notified,
        OrderRef,
        Outcome,
        Payment,
        PaymentRecord,
        Progress,
        Publication,
        Published,
        Reserved,
        Shipment,
        ShipmentRecord,
    )
    from orders.topics import ANALYTICS_REVENUE, NOTIFICATIONS_SHIPMENT
    from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, ORDER_STATUS, VALIDATE_ORDER
    from workflows.options import (
        DATABASE_RETRY,
        DATABASE_TIMEOUT,
        GATEWAY_HEARTBEAT,
        GATEWAY_RETRY,
        GATEWAY_TIMEOUT,
    )

T = TypeVar("T")
APART: Final = "apart-"
"""Prefix of the task queue of workflows whose gateways' steps have task queues of their own."""


async def _database(step: str, argument: Any, answer: type[T], summary: str) -> T:
    done: T = await workflow.execute_local_activity(
        step,
        argument,
        result_type=answer,
        start_to_close_timeout=DATABASE_TIMEOUT,
        retry_policy=DATABASE_RETRY,
        summary=summary,
    )
    return done


async def _gateway(gateway: Gateway, step: str, argument: Any, answer: type[T], summary: str) -> T:
    queue = workflow.info().task_queue
    done: T = await workflow.execute_activity(
        step,
        argument,
        task_queue=gateway_queue(queue, gateway) if queue.startswith(APART) else queue,
        result_type=answer,
        start_to_close_timeout=GATEWAY_TIMEOUT,
        heartbeat_timeout=GATEWAY_HEARTBEAT,
        retry_policy=GATEWAY_RETRY,
        summary=summary,
    )
    return done


def _show(progress: Progress) -> None:
    workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.status)])
    workflow.set_current_details(f"Order is **{progress.status}**.")


@workflow.defn(name=VALIDATE_ORDER)
class BareValidate:
    @workflow.run
    async def run(self, order: OrderRef) -> Outcome:
        await _database("check-inventory", order, Availability, "Is every item in stock?")
        progress = await _database("confirm", order, Progress, "All items in stock")
        _show(progress)
        return Outcome(progress.status)


@workflow.defn(name=FULFILL_ORDER)
class BareFulfill:
    @workflow.run
    async def run(self, order: OrderRef) -> Outcome:
        await _database("read-order", order, Progress, "How far has the order come?")
        payment = await _gateway(Gateway.PAYMENTS, "charge-payment", order, Payment, "Charge the customer")
        paid = PaymentRecord(order, payment)
        _show(await _database("record-payment", paid, Progress, f"Paid with {payment.payment_id}"))
        await _database("reserve-inventory", order, Reserved, "Take the goods out of stock")
        shipment = await _gateway(Gateway.LABELS, "create-shipment", order, Shipment, "Buy the shipping label")
        shipped = ShipmentRecord(order, shipment)
        progress = await _database("record-shipment", shipped, Progress, f"Shipped as {shipment.tracking_number}")
        _show(progress)
        return Outcome(progress.status)


@workflow.defn(name=NOTIFY_SHIPMENT)
class BareNotify:
    @workflow.run
    async def run(self, order: OrderRef) -> Notified:
        topics = (NOTIFICATIONS_SHIPMENT, ANALYTICS_REVENUE)
        messages = [await _database("publish", Publication(order, topic), Published, topic) for topic in topics]
        return Notified(tuple(each.message_id for each in messages))


BARE: Final = (BareValidate, BareFulfill, BareNotify)
STARTS: Final = (
    (VALIDATE_ORDER, "placed", "confirm"),
    (FULFILL_ORDER, "confirmed", "record-shipment"),
    (NOTIFY_SHIPMENT, "shipped", ANALYTICS_REVENUE),
)
"""Each workflow, the order's status when it starts, and the step or message on which the next one does."""
