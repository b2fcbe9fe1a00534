"""`orders note`, `orders tag` and `orders untag`: annotate an order, in any state of it."""

from typing import Annotated

import typer

from cli.acting import Expect, act
from cli.arguments import AsJson, OrderId, tags
from cli.output import show, show_json
from cli.running import executed, opened
from eventstore.command_handler import Handled
from orders.interventions import NoteOrder, TagOrder, UntagOrder
from orders.state import State
from settings import Settings

NoteText = Annotated[str, typer.Argument(metavar="TEXT", help="The note, shown to every reader of the order.")]
Tags = Annotated[
    list[str],
    typer.Argument(
        metavar="TAG…",
        help="Words of letters, digits, `-`, `_` and `.`, 40 at most. VIP and vip are one tag, vip.",
        callback=tags,
    ),
]


@executed()
async def note_order(
    settings: Settings, order_id: OrderId, text: NoteText, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Add a note to an order in any state; `orders timeline` shows it with its author.

    Each call adds one. No workflow reads notes.
    """
    handled = await _annotated(settings, NoteOrder(order_id, text), expect)
    if as_json:
        show_json(annotation_document(order_id, handled))
    else:
        show(f"order {order_id} has the note")


@executed()
async def tag(settings: Settings, order_id: OrderId, tag: Tags, expect: Expect = None, as_json: AsJson = False) -> None:
    """Add tags to an order in any state: `orders list --tag` finds it by them.

    A tag that the order has is no error. Exits 1 where it would have more than 20.
    """
    _show(order_id, await _annotated(settings, TagOrder(order_id, tuple(tag)), expect), as_json)


@executed()
async def untag(
    settings: Settings, order_id: OrderId, tag: Tags, expect: Expect = None, as_json: AsJson = False
) -> None:
    """Remove tags from an order in any state. A tag that the order does not have is no error."""
    _show(order_id, await _annotated(settings, UntagOrder(order_id, tuple(tag)), expect), as_json)


async def _annotated(
    settings: Settings, command: NoteOrder | TagOrder | UntagOrder, expect: int | None
) -> Handled[State]:
    async with opened(settings) as app:
        return await act(app.orders, command, expect)


def _show(order_id: str, handled: Handled[State], as_json: bool) -> None:
    if as_json:
        show_json(annotation_document(order_id, handled))
        return
    found = ", ".join(handled.state.tags) or "none"
    show(
        f"order {order_id} has the tags {found}" if handled.changed else f"order {order_id} is unchanged: tags {found}"
    )


def annotation_document(order_id: str, handled: Handled[State]) -> dict[str, object]:
    state = handled.state
    return {
        "orderId": order_id,
        "changed": handled.changed,
        "status": state.status,
        "tags": list(state.tags),
        "version": handled.version,
    }
