"""POST: placing an order, and what a person asks of one."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from application.acting import act
from application.order_json import read_order
from application.placing import place
from application.refunding import request_refund
from application.retrying import retry
from eventstore.command_handler import Handled
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.fields import MAX_AMOUNT, Identifier, Text
from orders.interventions import HoldOrder, ReleaseOrder, RequestRefund, RetryOrder
from orders.state import Shipped, State
from web import models
from web.keys import Role
from web.order_schema import ORDER_BODY
from web.parameters import OrderId
from web.route import ApiRoute, requires
from web.system import Asking, CommandId, Shared

router = APIRouter(prefix="/v1/orders", route_class=ApiRoute, tags=["orders"])
_REFUNDS: Final = uuid.UUID("7a0c3c52-2f0c-4d5e-9a43-0b9d5f3f8a11")


class _Body(BaseModel):
    """A JSON object; a field that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_by_alias=True, validate_by_name=False)


class ReasonBody(_Body):
    """Why, as it is shown to others."""

    reason: Text


class CancelBody(ReasonBody):
    """by: whose wish it is."""

    by: Literal["customer", "operator"] = "operator"


class ReleaseBody(_Body):
    """Nothing is to be said."""


class RefundBody(ReasonBody):
    """amount: minor units of the order's currency. refundId: makes a repetition harmless; a new one by default."""

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
async def place_order(system: Shared, caller: Asking, request: Request, response: Response) -> dict[str, Any]:
    """Take an order in. The same order again changes nothing; another one under its id is refused."""
    order = read_order(await request.body(), now=datetime.now(UTC))
    handled = await place(system.orders, order, actor=caller.actor)
    response.headers["Location"] = f"/v1/orders/{quote(order.order_id, safe='')}"
    response.status_code = 201 if handled.changed else 200
    return {
        "orderId": order.order_id,
        "changed": handled.changed,
        "status": handled.state.status,
        "version": handled.version,
        "position": handled.position,
    }


@router.post("/{orderId}/cancel", response_model=models.Acted, status_code=202)
@requires(Role.WRITE)
async def cancel_order(
    system: Shared, caller: Asking, command_id: CommandId, order_id: OrderId, body: CancelBody
) -> dict[str, Any]:
    """End an order that has not shipped; what was charged, reserved or bought for it is undone."""
    command = CancelOrder(order_id, body.reason, CancelledBy(body.by))
    return _acted(order_id, await act(system.orders, command, actor=caller.actor, command_id=command_id))


@router.post("/{orderId}/hold", response_model=models.Acted, status_code=202)
@requires(Role.OPERATE)
async def hold_order(
    system: Shared, caller: Asking, command_id: CommandId, order_id: OrderId, body: ReasonBody
) -> dict[str, Any]:
    """The order takes no further step until it is released; it can still be cancelled."""
    command = HoldOrder(order_id, body.reason)
    return _acted(order_id, await act(system.orders, command, actor=caller.actor, command_id=command_id))


@router.post("/{orderId}/release", response_model=models.Acted, status_code=202)
@requires(Role.OPERATE)
async def release_order(
    system: Shared,
    caller: Asking,
    command_id: CommandId,
    order_id: OrderId,
    body: Annotated[ReleaseBody | None, Body()] = None,
) -> dict[str, Any]:
    """A held order goes on from where it stands."""
    command = ReleaseOrder(order_id)
    return _acted(order_id, await act(system.orders, command, actor=caller.actor, command_id=command_id))


@router.post("/{orderId}/retry", response_model=models.Retried, status_code=202)
@requires(Role.OPERATE)
async def retry_order(
    system: Shared, caller: Asking, command_id: CommandId, order_id: OrderId, body: ReasonBody
) -> dict[str, Any]:
    """Take the order up again where its workflow was lost. Only what is missing is done."""
    command = RetryOrder(order_id, body.reason)
    retried = await retry(
        system.orders, system.client, system.settings.task_queue, command, actor=caller.actor, command_id=command_id
    )
    return _acted(order_id, retried.handled) | {"workflows": retried.workflows}


@router.post("/{orderId}/refunds", response_model=models.RefundAsked, status_code=202)
@requires(Role.OPERATE)
async def refund_order(
    system: Shared, caller: Asking, command_id: CommandId, order_id: OrderId, body: RefundBody
) -> dict[str, Any]:
    """Give money of a shipped order back. All refunds together never exceed what was charged."""
    # By the command's id, so that a repetition of the request asks for the same refund.
    refund_id = body.refund_id or uuid.uuid5(_REFUNDS, command_id).hex
    asked = RequestRefund(order_id, refund_id, body.amount, body.reason)
    handled = await request_refund(system.orders, asked, actor=caller.actor, command_id=command_id)
    state = handled.state
    assert isinstance(state, Shipped)
    return _acted(order_id, handled) | {
        "refundId": refund_id,
        "amount": body.amount,
        "currency": state.order.currency,
        "refundable": state.refundable,
    }


def _acted(order_id: str, handled: Handled[State]) -> dict[str, Any]:
    state = handled.state
    return {
        "orderId": order_id,
        "changed": handled.changed,
        "status": state.status,
        "paymentState": state.payment_state,
        "onHold": state.hold is not None,
        "version": handled.version,
        "position": handled.position,
    }
