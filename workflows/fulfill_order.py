"""fulfill-order: charge, reserve, ship; or undo everything that was done."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities import signatures as step
    from activities.signatures import (
        Cancellation,
        ChargeRef,
        OrderProgress,
        OrderRef,
        Payment,
        PaymentFailure,
        PaymentFailureRecord,
        PaymentRecord,
        RefundRecord,
        Shipment,
        ShipmentRecord,
        Undo,
    )
    from orders.events import CancelledBy, Shortage
    from workflows.awaiting_payment import AwaitedPayment
    from workflows.cancelling import end_as_cancelled
    from workflows.compensation import Compensations, Pending
    from workflows.failures import refusal, refused_as, shortages
    from workflows.model import FULFILL_ORDER, ORDER_STATUS, RETRY, Carried, OrderRun, Outcome
    from workflows.options import pause_before
    from workflows.steps import I, O, database_step, gateway_step, pause, uninterrupted
    from workflows.stopping import CANCELLED_IN_TEMPORAL, Stoppable

# Patches: runs from before one replay without.
COUNTS_IN_LOST_TASK = "release-what-a-lost-task-reserved"
CAPTURES = "capture-with-the-label"
SETS_ASIDE = "what-cannot-be-undone-yet-is-set-aside"
UNDOES_EVERYTHING = "whatever-a-run-remembers-everything-is-undone"


@workflow.defn(name=FULFILL_ORDER)
class FulfillOrder(Stoppable):
    """Ships a confirmed order, or undoes it. Resumes from the order's stream: a run may follow any other.

    Ends with the order shipped or cancelled; as CANCELED where it was cancelled in Temporal and the order was undone.
    """

    @workflow.init
    def __init__(self, order: OrderRun) -> None:
        self.order = order.about(OrderRef)
        self.progress = OrderProgress(status="unknown", payment_state="none", customer_id="", total=0, currency="")
        super().__init__(order)
        before = order.carried or Carried()
        self.compensations = Compensations(
            self.watch.failed, self.watch.recovered, between=self.continue_if_long, before=before.undoing
        )
        self.charged = False
        self.postpones = True
        self._appending_cancel = 0
        self._early_cancel: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, order: OrderRun) -> Outcome:
        try:
            await self.fulfill()
        except FailureError as failure:
            # Only intended failures arrive here. Any other exception is a bug in our own code: it leaves the run open until
            # a fix is deployed, and neither refunds nor fails.
            await uninterrupted(self.undo(failure), on_cancel=self.note_cancel)
        self.watch.recovered_all()
        if self.cancelled_in_temporal and self.progress.status == "cancelled":
            await end_as_cancelled(self, self.order)
        return Outcome(status=self.progress.status, reason=self.progress.reason)

    async def fulfill(self) -> None:
        await self.read_order()
        looked = 0
        while self.progress.status == "placed":  # started by hand, before the validation has ended
            looked += 1
            waiting = pause(pause_before(looked), self.until_more(self.requests()), "until the order is confirmed")
            await uninterrupted(waiting, on_cancel=self.note_cancel)
            self.continue_if_long()
            await self.read_order()
        if self.progress.status == "shipped":
            return
        payment = await self.charge_payment()
        self.charged = True
        await self.record_payment(payment)
        await self.reserve_inventory()
        shipment = await self.create_shipment()
        await self.capture_payment(payment)
        await self.record_shipment(shipment)

    async def undo(self, failure: FailureError) -> None:
        await self.cancel_order(failure)
        if self.progress.status != "cancelled":  # shipped, where the shipment entered the stream first
            return
        if workflow.patched(UNDOES_EVERYTHING):
            # Everything, not only the steps of this run: another run, or a task lost with its worker, may have done the rest.
            self._push_all()
            self.watch.recovered_all(but=self.compensations.pending)
            await self.compensations.unwind()
        else:
            await self._undo_what_it_remembers()

    @workflow.signal(name=RETRY)
    def retry(self) -> None:
        """A person retried the order: try all pending attempts at once."""
        super().retry()
        self.compensations.hurry()

    def _push_all(self) -> None:
        self.compensations.push("refund-payment", self.refund_payment)
        self.compensations.push("release-inventory", self.release_inventory)
        self.compensations.push("void-shipment", self.void_shipment)

    async def _undo_what_it_remembers(self) -> None:
        registered = "release-inventory" in self.compensations.pending
        if self.cancel_asked and self.charged and not registered and workflow.patched(COUNTS_IN_LOST_TASK):
            self.compensations.push("release-inventory", self.release_inventory)
        if workflow.patched(SETS_ASIDE):
            self.watch.recovered_all()
            await self.compensations.unwind()
        else:
            self.postpones = False
            await self.compensations.unwind_one_by_one()

    # The steps

    async def read_order(self) -> None:
        # First, cancelled or not: only the order's stream shows the steps to undo.
        reading = self.database(step.READ_ORDER, self.order, "How far has the order come?")
        progress = await uninterrupted(reading, on_cancel=self.note_cancel)
        if progress.reserved or progress.status == "cancelled":
            self._push_all()  # an earlier run may have done anything
        self._follow(progress)
        self.stop_if_cancelled()

    async def charge_payment(self) -> Payment | None:
        self.compensations.push("refund-payment", self.refund_payment)
        if self.progress.payment_id is not None:
            return None
        return await AwaitedPayment(
            self, charge=self._charge, record_failure=self.record_payment_failure, record_pending=self.record_pending
        ).made()

    async def _charge(self) -> Payment:
        order = ChargeRef(**self.order.model_dump(), accepts_pending=True)
        return await self._gateway(step.CHARGE_PAYMENT, order, "Charge the customer")

    async def record_pending(self, payment: Payment) -> None:
        record = PaymentRecord(order=self.order, payment=payment)
        self._follow(await self._database(step.RECORD_PENDING_PAYMENT, record, f"Pending as {payment.payment_id}"))

    async def record_payment_failure(self, failure: PaymentFailure) -> OrderProgress:
        record = PaymentFailureRecord(order=self.order, failure=failure)
        # Also while a person holds the order, which has no effect on what is recorded.
        self._follow(
            await self._database(step.RECORD_PAYMENT_FAILURE, record, f"Attempt {failure.attempt} was declined")
        )
        return self.progress

    async def record_payment(self, payment: Payment | None) -> None:
        if payment is not None:
            record = PaymentRecord(order=self.order, payment=payment)
            self._follow(await self._database(step.RECORD_PAYMENT, record, f"Paid with {payment.payment_id}"))

    async def reserve_inventory(self) -> None:
        self.compensations.push("release-inventory", self.release_inventory)
        await self._database(step.RESERVE_INVENTORY, self.order, "Take the goods out of stock")

    async def create_shipment(self) -> Shipment:
        self.compensations.push("void-shipment", self.void_shipment)
        return await self._gateway(step.CREATE_SHIPMENT, self.order, "Buy the shipping label")

    async def capture_payment(self, payment: Payment | None) -> None:
        # Of an earlier run's charge only the id is known: the gateway answers at once where it is captured.
        if (payment is None or not payment.captured) and workflow.patched(CAPTURES):
            await self._gateway(step.CAPTURE_PAYMENT, self.order, "Take the money that is held")

    async def record_shipment(self, shipment: Shipment) -> None:
        record = ShipmentRecord(order=self.order, shipment=shipment)
        self._follow(await self._database(step.RECORD_SHIPMENT, record, f"Shipped as {shipment.tracking_number}"))

    async def cancel_order(self, failure: FailureError) -> None:
        if self._early_cancel is not None:
            await self._early_cancel
        by = CancelledBy.OPERATOR if self.cancelled_in_temporal else CancelledBy.FULFILLMENT
        await self._append_cancel(by, refusal(failure), shortages(failure))

    async def _append_cancel(self, by: CancelledBy, reason: str, short: tuple[Shortage, ...] = ()) -> None:
        cancellation = Cancellation(order=self.order, reason=reason, cancelled_by=by, shortages=short)
        self._appending_cancel += 1
        self._follow(
            await self.in_rounds(
                step.CANCEL.name,
                lambda: database_step(step.CANCEL, cancellation, f"Cancel: {reason}"[:200]),
                gives_up=lambda failed: refused_as(failed, "OrderNotFound"),
            )
        )
        self._appending_cancel -= 1

    # The compensations: undo if it happened, and make it impossible to happen later

    async def void_shipment(self) -> Pending | None:
        voided = await gateway_step(step.VOID_SHIPMENT, self._undone(), "Void the shipping label")
        if not voided.pending:
            return None
        self.show("The carrier has yet to take the label back.")
        return Pending(voided.refused)

    async def release_inventory(self) -> None:
        await database_step(step.RELEASE_INVENTORY, self._undone(), "Put the goods back into stock")

    async def refund_payment(self) -> Pending | None:
        undone = self._undone().model_copy(update={"accepts_pending": self.postpones})
        returned = await gateway_step(step.REFUND_PAYMENT, undone, "Give the money back")
        if returned.pending:
            self.show("The payment provider has yet to return the money.")
            return Pending()
        if returned.payment_id is None or returned.refund_id is None:
            return None
        record = RefundRecord(
            order=self.order,
            refund_id=returned.refund_id,
            payment_id=returned.payment_id,
            amount=returned.amount,
            reason=self.progress.reason or "cancelled",
        )
        self._follow(await database_step(step.RECORD_REFUND, record, f"Refunded as {returned.refund_id}"))
        return None

    def _undone(self) -> Undo:
        return Undo(order=self.order, reason=self.progress.reason or "cancelled")

    # Execution of steps, and their details in the Temporal Web UI

    async def _database(self, signature: step.Signature[I, O], argument: I, summary: str) -> O:
        """A step forward, which a hold delays and a cancel prevents; compensations call `database_step`, which neither does."""
        return await self.unless_held(lambda: self.database(signature, argument, summary), self.note_cancel)

    async def _gateway(self, signature: step.Signature[I, O], argument: I, summary: str) -> O:
        self.show(summary)
        return await self.unless_held(lambda: self.gateway(signature, argument, summary), self._cancel_at_once)

    def carried(self) -> Carried:
        return Carried(
            attention=self.watch.failing,
            cancelled_in_temporal=self.cancelled_in_temporal,
            undoing=self.compensations.tries,
        )

    def continue_if_long(self) -> None:
        # A cancel that is being appended has its reason from this run.
        if not self._appending_cancel:
            super().continue_if_long()

    def _cancel_at_once(self) -> None:
        # A gateway that is down would be retried for hours: on a cancelled order the next attempt gives up instead.
        self.note_cancel()
        self._early_cancel = asyncio.create_task(self._append_cancel(CancelledBy.OPERATOR, CANCELLED_IN_TEMPORAL))

    def _follow(self, progress: OrderProgress) -> None:
        # read-order runs in the worker of this task: its result distinguishes versions as a patch does, without a marker.
        attributes = workflow.info().typed_search_attributes
        shown = attributes.get(ORDER_STATUS) if progress.shows_changes else self.progress.status
        if progress.status != shown:
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.status)])
        self.progress = progress
        self.show(progress.reason or "")

    @property
    def is_cancelled(self) -> bool:
        return self.progress.status == "cancelled"

    def show(self, doing: str = "") -> None:
        pending = ", ".join(self.compensations.pending)
        undoing = f"\n\nTo undo if it fails: {pending}" if pending else ""
        super().show(f"Order {self.order.order_id} is **{self.progress.status}**. {doing}{undoing}")
