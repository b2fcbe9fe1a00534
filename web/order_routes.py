"""POST: place an order, and a person's acts on one."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from application.closing_refunds import OUTCOMES, close_refund
from application.order_json import read_order
from application.placing import place
from application.refunding import request_refund
from application.retrying import retry
from orders.commands import CancelOrder, CloseRefund
from orders.events import CancelledBy
from orders.fields import MAX_AMOUNT, Identifier, OptionalText, PaymentToken, Reason
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from orders.payment_attempts import GivePaymentMethod
from orders.state import Shipped
from web import models
from web.acting import Acting
from web.keys import Role
from web.order_schema import ORDER_BODY
from web.parameters import Bulk, RefundId
from web.preconditions import RESPONSES, etag
from web.route import ApiRoute, bind_order, requires
from web.system import Asking, Shared

router = APIRouter(prefix="/v1/orders", route_class=ApiRoute, tags=["orders"])
_REFUNDS: Final = uuid.UUID("7a0c3c52-2f0c-4d5e-9a43-0b9d5f3f8a11")


How = Annotated[
    Literal["withdraw", "settle"],
    Path(description="withdraw: the amount can be refunded again; settle: the money was returned in another way"),
]


class _Body(BaseModel):
    """A JSON object; an unknown field is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_by_alias=True, validate_by_name=False)


class ReasonBody(_Body):
    """reason: shown to every reader of the order."""

    reason: Reason


class CancelBody(ReasonBody):
    """by: the person who wishes it."""

    by: Literal["customer", "operator"] = "operator"


class ReleaseBody(_Body):
    """An empty object."""


class PaymentBody(_Body):
    """paymentMethod: the provider's token, such as Stripe's `pm_…`; never a card number."""

    payment_method: Annotated[PaymentToken, Field(alias="paymentMethod")]


class RetryBody(ReasonBody):
    """carrier, service: chosen for the order's label; an earlier choice stays without both."""

    carrier: OptionalText = None
    service: OptionalText = None


class RefundBody(ReasonBody):
    """amount: minor units of the order's currency. refundId: makes a repeated request harmless; a new id by default."""

    amount: Annotated[int, Field(ge=1, le=MAX_AMOUNT)]
    refund_id: Annotated[Identifier | None, Field(alias="refundId")] = None


@router.post(
    "",
    response_model=models.Placed,
    status_code=201,
    openapi_extra={"requestBody": ORDER_BODY},
    responses={200: {"description": "It was placed before, with the same content", "model": models.Placed}},
)
@requires(Role.WRITE)
async def place_order(
    system: Shared, caller: Asking, request: Request, response: Response, bulk: Bulk = False
) -> dict[str, Any]:
    """Place an order. The same order again changes nothing; different content under its id is refused."""
    order = read_order(await request.body(), now=datetime.now(UTC))
    bind_order(order.order_id)
    handled = await place(system.orders, order, actor=caller.actor, bulk=bulk)
    response.headers["Location"] = f"/v1/orders/{quote(order.order_id, safe='')}"
    response.headers["ETag"] = etag(handled.version)
    response.status_code = 201 if handled.changed else 200
    return {
        "orderId": order.order_id,
        "changed": handled.changed,
        "status": handled.state.status,
        "version": handled.version,
        "position": handled.position,
    }


@router.post("/{orderId}/cancel", response_model=models.Acted, status_code=202, responses=RESPONSES)
@requires(Role.WRITE)
async def cancel_order(acting: Acting, body: CancelBody) -> dict[str, Any]:
    """Cancel an order that has not shipped; its charge, reservation and label are undone."""
    return await acting.record(CancelOrder(acting.order_id, body.reason, CancelledBy(body.by)))


@router.post("/{orderId}/payment", response_model=models.Acted, status_code=202, responses=RESPONSES)
@requires(Role.WRITE)
async def pay_order(acting: Acting, body: PaymentBody) -> dict[str, Any]:
    """Charge an order that waits for its payment by another means of payment. One on hold is charged after its release."""
    return await acting.record(GivePaymentMethod(acting.order_id, body.payment_method))


@router.post("/{orderId}/hold", response_model=models.Acted, status_code=202, responses=RESPONSES)
@requires(Role.OPERATE)
async def hold_order(acting: Acting, body: ReasonBody) -> dict[str, Any]:
    """Hold an order: it takes no further step until it is released; it can still be cancelled."""
    return await acting.record(HoldOrder(acting.order_id, body.reason))


@router.post("/{orderId}/release", response_model=models.Acted, status_code=202, responses=RESPONSES)
@requires(Role.OPERATE)
async def release_order(acting: Acting, body: Annotated[ReleaseBody | None, Body()] = None) -> dict[str, Any]:
    """Release a held order, which goes on from its current state."""
    return await acting.record(ReleaseOrder(acting.order_id))


@router.post("/{orderId}/retry", response_model=models.Retried, status_code=202, responses=RESPONSES)
@requires(Role.OPERATE)
async def retry_order(acting: Acting, body: RetryBody) -> dict[str, Any]:
    """Start the workflows of an order again where they were lost. Completed steps are not repeated; a cancelled order stays
    cancelled, and what is left of it is undone."""
    system, command = acting.system, RetryOrder(acting.order_id, body.reason, body.carrier, body.service)
    retried = await retry(system.orders, system.client, system.settings, command, **acting.request)
    return acting.answer(retried.handled, workflows=retried.workflows, effect=retried.effect)


@router.post("/{orderId}/refunds", response_model=models.RefundAsked, status_code=202, responses=RESPONSES)
@requires(Role.OPERATE)
async def refund_order(acting: Acting, body: RefundBody) -> dict[str, Any]:
    """Refund money of a shipped order. All refunds together never exceed the charge."""
    # From the command's id, so that a repeated request asks for the same refund.
    refund_id = body.refund_id or uuid.uuid5(_REFUNDS, acting.command_id).hex
    asked = RequestRefund(acting.order_id, refund_id, body.amount, body.reason)
    handled = await request_refund(acting.system.orders, asked, **acting.request)
    state = handled.state
    assert isinstance(state, Shipped)
    amounts = {"amount": body.amount, "currency": state.order.currency, "refundable": state.refundable}
    return acting.answer(handled, refundId=refund_id, **amounts)


@router.post(
    "/{orderId}/refunds/{refundId}/{how}", response_model=models.RefundClosed, status_code=202, responses=RESPONSES
)
@requires(Role.OPERATE)
async def close_refund_of_order(
    acting: Acting,
    refund_id: RefundId,
    how: How,
    body: ReasonBody,
) -> dict[str, Any]:
    """Close a refund that the payment provider has not made. withdraw: its amount can be refunded again. settle: the money was
    returned in another way; for a cancelled order, whose refund was refused or has failed, refundId is `cancellation`."""
    system, command = acting.system, CloseRefund(acting.order_id, refund_id, OUTCOMES[how], body.reason)
    handled = await close_refund(system.orders, system.payments, system.sources.pool, command, **acting.request)
    return acting.answer(handled, refundId=refund_id, outcome=command.outcome)
