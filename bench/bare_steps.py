"""No-op activities for the Temporal-only benchmark: names and result sizes as in ours."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from temporalio import activity


@dataclass(frozen=True)
class OrderRef:
    order_id: str
    correlation_id: str
    causation_id: str


@dataclass(frozen=True)
class Progress:
    status: str
    payment_state: str = "none"
    customer_id: str = "ALFKI"
    total: int = 81_450
    currency: str = "USD"
    payment_id: str | None = None
    shipment_id: str | None = None
    reason: str | None = None
    reserved: bool = False


@dataclass(frozen=True)
class Availability:
    status: str = "placed"
    shortages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Payment:
    payment_id: str
    amount: int = 81_450
    currency: str = "USD"


@dataclass(frozen=True)
class PaymentRecord:
    order: OrderRef
    payment: Payment


@dataclass(frozen=True)
class Reserved:
    units: int = 42


@dataclass(frozen=True)
class Shipment:
    shipment_id: str
    tracking_number: str
    carrier: str = "simulated"


@dataclass(frozen=True)
class ShipmentRecord:
    order: OrderRef
    shipment: Shipment


@dataclass(frozen=True)
class Publication:
    order: OrderRef
    topic: str


@dataclass(frozen=True)
class Published:
    message_id: str


@dataclass(frozen=True)
class Outcome:
    status: str
    reason: str | None = None


@dataclass(frozen=True)
class Notified:
    messages: tuple[str, ...]


class BareSteps:
    """No-op activities. confirm, record-shipment and publish resolve futures; in our system these facts come from the log."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, str], asyncio.Future[None]] = {}

    def expect(self, step: str, order_id: str) -> asyncio.Future[None]:
        """A future, resolved when this step of the order ends."""
        future = self._expected[step, order_id] = asyncio.get_running_loop().create_future()
        return future

    def _reached(self, step: str, order_id: str) -> None:
        if future := self._expected.pop((step, order_id), None):
            future.set_result(None)

    @activity.defn(name="check-inventory")
    async def check_inventory(self, order: OrderRef) -> Availability:
        return Availability()

    @activity.defn(name="confirm")
    async def confirm(self, order: OrderRef) -> Progress:
        self._reached("confirm", order.order_id)
        return Progress("confirmed")

    @activity.defn(name="read-order")
    async def read_order(self, order: OrderRef) -> Progress:
        return Progress("confirmed")

    @activity.defn(name="charge-payment")
    async def charge_payment(self, order: OrderRef) -> Payment:
        return Payment(f"pay-{order.causation_id}")

    @activity.defn(name="record-payment")
    async def record_payment(self, record: PaymentRecord) -> Progress:
        return Progress("paid", "paid", payment_id=record.payment.payment_id)

    @activity.defn(name="reserve-inventory")
    async def reserve_inventory(self, order: OrderRef) -> Reserved:
        return Reserved()

    @activity.defn(name="create-shipment")
    async def create_shipment(self, order: OrderRef) -> Shipment:
        return Shipment(f"shp-{order.causation_id}", f"SIM{order.causation_id}")

    @activity.defn(name="record-shipment")
    async def record_shipment(self, record: ShipmentRecord) -> Progress:
        self._reached("record-shipment", record.order.order_id)
        paid = f"pay-{record.order.causation_id}"
        return Progress("shipped", "paid", payment_id=paid, shipment_id=record.shipment.shipment_id)

    @activity.defn(name="publish")
    async def publish(self, publication: Publication) -> Published:
        self._reached(publication.topic, publication.order.order_id)
        return Published(publication.order.causation_id)

    @property
    def all(self) -> list[Callable[..., Any]]:
        """For a worker."""
        return [
            self.check_inventory, self.confirm, self.read_order, self.charge_payment, self.record_payment,
            self.reserve_inventory, self.create_shipment, self.record_shipment, self.publish,
        ]  # fmt: skip
