"""fulfill-order: charge, reserve, ship; or undo everything that was done."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory, FailureError

with workflow.unsafe.imports_passed_through():
    from activities import signatures as step
    from activities.signatures import (
        Cancellation,
        OrderProgress,
        OrderRef,
        Payment,
        PaymentRecord,
        RefundRecord,
        Shipment,
        ShipmentRecord,
        Undo,
    )
    from orders.events import CancelledBy, Shortage
    from workflows.attention import Watch
    from workflows.compensation import Compensations, Undecided
    from workflows.model import FULFILL_ORDER, ORDER_STATUS, Attention, Outcome
    from workflows.options import pause_before
    from workflows.steps import (
        I,
        O,
        T,
        database_step,
        gateway_step,
        is_definite,
        pause,
        refusal,
        refused_as,
        shortages,
        uninterrupted,
        until_done,
    )

CANCELLED_IN_TEMPORAL = "Cancelled in Temporal"
# Patches: runs from before one replay without.
COUNTS_IN_LOST_TASK = "release-what-a-lost-task-reserved"
CAPTURES = "capture-with-the-label"
SETS_ASIDE = "what-cannot-be-undone-yet-is-set-aside"


@workflow.defn(name=FULFILL_ORDER)
class FulfillOrder:
    """Takes a confirmed order to shipped, or undoes it. Resumes from the order's stream: a run may follow any other.

    Ends with the order shipped or cancelled; as CANCELED where Temporal was asked to cancel and the order was undone.
    """

    @workflow.init
    def __init__(self, order: OrderRef) -> None:
        self.order = order
        self.progress = OrderProgress(status="unknown", payment_state="none", customer_id="", total=0, currency="")
        self.watch = Watch(on_change=self._show)
        self.compensations = Compensations(self.watch.trouble, self.watch.calm)
        self.cancelled_by_person = False
        self.cancelled_in_temporal = False
        self.released = False
        self.charged = False
        self._early_cancel: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, order: OrderRef) -> Outcome:
        try:
            await self.fulfill()
        except FailureError as failure:
            # Only failures that are meant arrive here. Any other exception is a bug in our own code: it leaves the run
            # open, to be mended and deployed, and neither refunds nor fails.
            await uninterrupted(self.undo(failure), on_cancel=self._note_cancel)
        if self.cancelled_in_temporal and self.progress.status == "cancelled":
            raise asyncio.CancelledError
        return Outcome(status=self.progress.status, reason=self.progress.reason)

    async def fulfill(self) -> None:
        await self.read_order()
        looked = 0
        while self.progress.status == "placed":  # started by hand, before the validation has ended
            looked += 1
            waiting = pause(pause_before(looked), lambda: self.cancel_asked, "until the order is confirmed")
            await uninterrupted(waiting, on_cancel=self._note_cancel)
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
        if self.progress.status == "cancelled":  # or shipped, where the shipment entered the stream first
            self._count_in_lost_task()
            await self._unwind()
        self.watch.calm()

    @workflow.signal(name="cancel")
    def cancel(self) -> None:
        """A person has cancelled the order (its stream says so): stop before the next step and undo."""
        self.cancelled_by_person = True

    @workflow.signal(name="release")
    def release(self) -> None:
        """The order is no longer on hold: go on."""
        self.released = True

    @workflow.query(name="attention")
    def needs_attention(self) -> Attention | None:
        """The step that keeps failing, if any."""
        return self.watch.attention

    def _count_in_lost_task(self) -> None:
        """A database step has its effect before the task that it is part of is recorded. Where that was lost with its
        worker, goods may be reserved that this execution, which heard of a cancel first, never came to reserve."""
        registered = "release-inventory" in self.compensations.pending
        if self.cancel_asked and self.charged and not registered and workflow.patched(COUNTS_IN_LOST_TASK):
            self.compensations.push("release-inventory", self.release_inventory)

    async def _unwind(self) -> None:
        if workflow.patched(SETS_ASIDE):
            self.watch.calm()  # whatever failed until now is no longer wanted
            await self.compensations.unwind()
        else:
            await self.compensations.unwind_one_by_one()

    # The steps

    async def read_order(self) -> None:
        # Before anything else, cancelled or not: only the order tells what there is to undo.
        reading = database_step(step.READ_ORDER, self.order, "How far has the order come?")
        progress = await uninterrupted(reading, on_cancel=self._note_cancel)
        if progress.reserved or progress.status == "cancelled":
            # An earlier run may have done anything: all of it is undone if this one fails.
            self.compensations.push("refund-payment", self.refund_payment)
            self.compensations.push("release-inventory", self.release_inventory)
            self.compensations.push("void-shipment", self.void_shipment)
        self._follow(progress)
        self._stop_if_cancelled()

    async def charge_payment(self) -> Payment | None:
        self.compensations.push("refund-payment", self.refund_payment)
        if self.progress.payment_id is not None:
            return None
        return await self._gateway(step.CHARGE_PAYMENT, self.order, "Charge the customer")

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
        # Of what an earlier run charged only the id is known: the gateway answers at once where it has all of it.
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
        self._follow(
            await until_done(
                step.CANCEL.name,
                lambda: database_step(step.CANCEL, cancellation, f"Cancel: {reason}"[:200]),
                self.watch.trouble,
                gives_up=lambda failed: refused_as(failed, "OrderNotFound"),
            )
        )

    # The compensations: undo if it happened, and make it impossible to happen later

    async def void_shipment(self) -> Undecided | None:
        voided = await gateway_step(step.VOID_SHIPMENT, self._undone(), "Void the shipping label")
        if not voided.pending:
            return None
        self._show("The carrier has yet to take the label back.")
        return Undecided(voided.refused)

    async def release_inventory(self) -> None:
        await database_step(step.RELEASE_INVENTORY, self._undone(), "Put the goods back into stock")

    async def refund_payment(self) -> None:
        returned = await gateway_step(step.REFUND_PAYMENT, self._undone(), "Give the money back")
        if returned.payment_id is None or returned.refund_id is None:
            return
        record = RefundRecord(
            order=self.order,
            refund_id=returned.refund_id,
            payment_id=returned.payment_id,
            amount=returned.amount,
            reason=self.progress.reason or "cancelled",
        )
        self._follow(await database_step(step.RECORD_REFUND, record, f"Refunded as {returned.refund_id}"))

    def _undone(self) -> Undo:
        return Undo(order=self.order, reason=self.progress.reason or "cancelled")

    # How steps run, and what is seen of them in the Temporal Web UI

    async def _database(self, signature: step.Signature[I, O], argument: I, summary: str) -> O:
        return await self._unless_held(lambda: database_step(signature, argument, summary), self._note_cancel)

    async def _gateway(self, signature: step.Signature[I, O], argument: I, summary: str) -> O:
        def rounds() -> Coroutine[Any, Any, O]:
            return until_done(
                signature.name,
                lambda: gateway_step(signature, argument, summary),
                self.watch.trouble,
                gives_up=is_definite,
                hurry=lambda: self.cancel_asked,
            )

        self._show(summary)
        answer = await self._unless_held(rounds, self._cancel_at_once)
        self.watch.calm()
        return answer

    async def _unless_held(self, attempt: Callable[[], Coroutine[Any, Any, T]], on_cancel: Callable[[], None]) -> T:
        """Run a step; where a person holds the order, wait until it is released or cancelled and run it then."""
        while True:
            self._stop_if_cancelled()
            try:
                return await uninterrupted(attempt(), on_cancel=on_cancel)
            except FailureError as failure:
                if not refused_as(failure, "OrderOnHold"):
                    raise
            self._show("It is on hold.")
            released = workflow.wait_condition(lambda: self.released or self.cancel_asked)
            await uninterrupted(released, on_cancel=self._note_cancel)
            self.released = False

    @property
    def cancel_asked(self) -> bool:
        return self.cancelled_by_person or self.cancelled_in_temporal

    def _stop_if_cancelled(self) -> None:
        if self.cancel_asked or self.progress.status == "cancelled":
            reason = CANCELLED_IN_TEMPORAL if self.cancelled_in_temporal else "The order was cancelled"
            raise ApplicationError(reason, type="OrderCancelled", category=ApplicationErrorCategory.BENIGN)

    def _note_cancel(self) -> None:
        self.cancelled_in_temporal = True

    def _cancel_at_once(self) -> None:
        # A gateway that is down would be asked again for hours: on a cancelled order the next attempt gives up instead.
        self._note_cancel()
        self._early_cancel = asyncio.create_task(self._append_cancel(CancelledBy.OPERATOR, CANCELLED_IN_TEMPORAL))

    def _follow(self, progress: OrderProgress) -> None:
        if progress.status != self.progress.status:
            workflow.upsert_search_attributes([ORDER_STATUS.value_set(progress.status)])
        self.progress = progress
        self._show(progress.reason or "")

    def _show(self, doing: str = "") -> None:
        undoing = (
            f"\n\nTo undo if it fails: {', '.join(self.compensations.pending)}" if self.compensations.pending else ""
        )
        failing = self.watch.attention
        trouble = f"\n\n**{failing.step} keeps failing**: {failing.error}" if failing else ""
        workflow.set_current_details(f"Order is **{self.progress.status}**. {doing}{undoing}{trouble}")
