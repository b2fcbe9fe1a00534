"""Notes and tags of an order."""

from typing import Any

from fastapi import APIRouter

from application.acting import act
from orders.fields import Note
from orders.interventions import NoteOrder, TagOrder, UntagOrder
from web import models
from web.acting import Acting, ActOnOrder
from web.keys import Role
from web.parameters import TagName
from web.preconditions import RESPONSES
from web.route import ApiRoute, requires

router = APIRouter(prefix="/v1/orders/{orderId}", route_class=ApiRoute, tags=["orders"])


class NoteBody(models.Asked):
    """text: shown to every reader of the order."""

    text: Note


@router.post("/notes", response_model=models.Acted, status_code=201, responses=RESPONSES)
@requires(Role.OPERATE)
async def note_order(acting: Acting, body: NoteBody) -> dict[str, Any]:
    """Add a note to an order in any state; its timeline shows it. Each request adds one: repeat it with its Idempotency-Key."""
    return await acting.record(NoteOrder(acting.order_id, body.text))


@router.put("/tags/{tag}", response_model=models.Tagged, responses=RESPONSES)
@requires(Role.OPERATE)
async def tag_order(acting: Acting, tag: TagName) -> dict[str, Any]:
    """Add a tag to an order in any state. An order that has it is unchanged."""
    return await _retagged(acting, TagOrder(acting.order_id, (tag,)))


@router.delete("/tags/{tag}", response_model=models.Tagged, responses=RESPONSES)
@requires(Role.OPERATE)
async def untag_order(acting: Acting, tag: TagName) -> dict[str, Any]:
    """Remove a tag from an order in any state. An order without it is unchanged."""
    return await _retagged(acting, UntagOrder(acting.order_id, (tag,)))


async def _retagged(acting: ActOnOrder, command: TagOrder | UntagOrder) -> dict[str, Any]:
    handled = await act(acting.system.orders, command, **acting.request)
    return acting.answer(handled, tags=handled.state.tags)
