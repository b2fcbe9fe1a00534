"""Takes orders through their steps by hand, omits or corrupts a step, and audits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.publish import PublishActivities
from activities.shipping import label_key
from activities.signatures import OrderRef, Publication
from audit import AuditReport, audit
from bootstrap import App, build_app
from dispatcher.dispatcher import NAME as DISPATCHER
from eventstore.checkpoints import advance, open_checkpoint
from eventstore.model import ANY, NewEvent
from gateways.books import GatewayBooks
from gateways.payments import ChargeRequest, RefundRequest
from gateways.shipping import LabelRequest, Recipient
from open_work.sources import Sources
from orders.commands import (
    CancelOrder,
    Command,
    ConfirmOrder,
    PlaceOrder,
    RecordPayment,
    RecordRefund,
    RecordShipment,
)
from orders.events import CancelledBy, Event
from orders.ids import stream_name
from orders.interventions import HoldOrder, RequestRefund
from orders.model import Order, parse_order
from orders.names import charge_key
from orders.topics import TOPICS
from settings import Settings
from tests.running_system import PLACED_AT, order_data

TOTAL = 3000  # amount of every order here, in cents of a euro
SKU = "TEA-1"
UNITS = 2
RECIPIENT = Recipient("Maria Anders", "Obere Str. 57", None, "Berlin", None, "12209", "DE")


@dataclass(frozen=True)
class Books:
    """An application without Temporal, and the database's owner, who can corrupt data that the application cannot."""

    app: App
    owner: asyncpg.Connection

    # Single steps of an order

    async def place(self, order_id: str) -> Order:
        order = parse_order(order_data(order_id), now=PLACED_AT)
        await self.handle(order_id, PlaceOrder(order))
        return order

    async def confirm(self, order_id: str) -> None:
        await self.handle(order_id, ConfirmOrder(order_id))

    async def charge(self, order_id: str, *, key: str | None = None, currency: str = "EUR") -> str:
        key = key or charge_key(order_id)
        request = ChargeRequest(key, order_id, "ALFKI", TOTAL, currency, payment_method="pm_card_visa")
        return (await self.app.payments.charge(request)).payment_id

    async def pay(self, order_id: str) -> None:
        payment_id = await self.charge(order_id)
        await self.handle(order_id, RecordPayment(order_id, payment_id, TOTAL, "EUR"))

    async def reserve(self, order_id: str, units: int = UNITS) -> None:
        await self.app.stock.reserve(order_id, {SKU: units})

    async def buy_label(self, order_id: str, *, key: str | None = None) -> RecordShipment:
        request = LabelRequest(key or label_key(order_id), order_id, UNITS, RECIPIENT)
        label = await self.app.shipping.create(request)
        return RecordShipment(order_id, label.shipment_id, label.tracking_number, label.carrier)

    async def record_shipment(self, shipment: RecordShipment) -> None:
        await self.handle(shipment.order_id, shipment)

    async def publish(self, order_id: str) -> None:
        activities = PublishActivities(self.app.store, self.app.codec)
        for topic in TOPICS:
            publication = Publication(order=OrderRef(order_id=order_id), topic=topic)
            await ActivityEnvironment().run(activities.publish, publication)

    async def cancel(self, order_id: str, by: CancelledBy = CancelledBy.FULFILLMENT) -> None:
        await self.handle(order_id, CancelOrder(order_id, "Shipping unavailable", by))

    async def give_back(self, order_id: str) -> RecordRefund:
        voided = await self.app.payments.void(charge_key(order_id), "cancelled")
        assert voided.payment_id
        assert voided.refund_id
        return RecordRefund(order_id, voided.refund_id, voided.payment_id, voided.amount_returned, "cancelled")

    async def record_refund(self, refund: RecordRefund) -> None:
        await self.handle(refund.order_id, refund)

    async def hold(self, order_id: str) -> None:
        await self.handle(order_id, HoldOrder(order_id, "fraud suspected"))

    async def ask_back(self, order_id: str, refund_id: str, amount: int) -> None:
        await self.handle(order_id, RequestRefund(order_id, refund_id, amount, "it arrived late"))

    async def give_part_back(self, order_id: str, key: str, amount: int) -> RecordRefund:
        charge = await self.app.payments.find(charge_key(order_id))
        assert charge is not None
        await self.app.payments.refund(RefundRequest(key, charge.payment_id, amount, "EUR", "requested"))
        return RecordRefund(order_id, key, charge.payment_id, amount, "it arrived late")

    # Whole orders

    async def paid(self, order_id: str) -> None:
        await self.place(order_id)
        await self.confirm(order_id)
        await self.pay(order_id)

    async def shipped(self, order_id: str) -> None:
        await self.paid(order_id)
        await self.reserve(order_id)
        await self.record_shipment(await self.buy_label(order_id))
        await self.publish(order_id)

    async def out_of_stock(self, order_id: str) -> None:
        await self.place(order_id)
        await self.cancel(order_id, CancelledBy.VALIDATION)

    async def compensated(self, order_id: str) -> None:
        await self.paid(order_id)
        await self.reserve(order_id)
        await self.cancel(order_id)
        await self.app.stock.release(order_id)
        await self.record_refund(await self.give_back(order_id))

    # Changes that no step of an order makes

    async def append(self, stream: str, event: Event) -> None:
        """Append an event without a decision of the domain."""
        await self.app.store.append(stream, [self.app.codec.encode(event, id=uuid4(), metadata={})], expected=ANY)

    async def append_raw(self, stream: str, event_type: str, data: dict[str, Any]) -> None:
        await self.app.store.append(stream, [NewEvent(uuid4(), event_type, data)], expected=ANY)

    async def change_log(self, statement: str, *arguments: object) -> None:
        """Change the append-only log, as only its owner can."""
        async with self.owner.transaction():
            await self.owner.execute("alter table eventstore.events disable trigger append_only")
            await self.owner.execute(statement, *arguments)
            await self.owner.execute("alter table eventstore.events enable trigger append_only")

    async def passed_by_dispatcher(self) -> None:
        """Move the dispatcher's checkpoint to the head, as if the workflows had had no effect."""
        position = await open_checkpoint(self.owner, DISPATCHER)
        await advance(self.owner, DISPATCHER, position, await self.app.store.head())

    # The audit

    async def project(self) -> None:
        for projector in self.app.projectors():
            while await projector.step():
                pass

    async def audit(self, client: Client | None = None) -> AuditReport:
        return await audit(self.sources(client))

    def sources(self, client: Client | None = None) -> Sources:
        app = self.app
        return Sources(app.pool, app.store, app.codec, app.stock, GatewayBooks(app.pool), client)

    async def found(self, client: Client | None = None) -> list[tuple[str, str]]:
        """Check and subject of every finding, after updating the read models and the dispatcher's checkpoint."""
        await self.project()
        await self.passed_by_dispatcher()
        return [(each.check, each.subject) for each in (await self.audit(client)).findings]

    async def handle(self, order_id: str, command: Command) -> None:
        await self.app.orders.handle(stream_name(order_id), command, command_id=uuid4().hex, metadata={"actor": "test"})


@asynccontextmanager
async def opened_books(database_url: str, pool: asyncpg.Pool, **settings: Any) -> AsyncIterator[Books]:
    """Books with some stock and no orders."""
    app = build_app(Settings(database_url=database_url, **settings), pool)
    owner = await asyncpg.connect(database_url)
    try:
        await app.adjustments.set_level(SKU, 100, actor="test")
        yield Books(app, owner)
    finally:
        await app.close()
        await owner.close()
