"""Commands of a person about an order, recorded with the actor."""

from typing import Final

from eventstore.command_handler import Handled
from order_streams import Orders, metadata_of
from orders.commands import CancelOrder, CloseRefund
from orders.errors import IllegalTransition
from orders.ids import stream_name
from orders.interventions import Intervention
from orders.payment_attempts import GivePaymentMethod
from orders.state import State

_IMPOSSIBLE: Final = {
    "CancelOrder": "cannot be cancelled",
    "HoldOrder": "cannot be held",
    "ReleaseOrder": "cannot be released",
    "CloseRefund": "has no refund to close",
    "Restock": "has no units to restock before it has shipped",
    "RetryOrder": "takes no choice of a carrier or service",
    "RequestRefund": "has no refund before it has shipped, cancel it instead",
}


PersonsCommand = CancelOrder | CloseRefund | Intervention | GivePaymentMethod


async def act(
    orders: Orders,
    command: PersonsCommand,
    *,
    actor: str,
    command_id: str,
    expected: frozenset[int] | None = None,
    bulk: bool = False,
) -> Handled[State]:
    """Handle the command in a person's name. expected: the order's versions that the person may have seen, None for any.
    bulk: the order is one of many, and gives way to other orders.

    Raises the domain's refusals, and UnexpectedVersion.
    """
    metadata = await metadata_of(orders, command.order_id, actor=actor, bulk=bulk)
    stream = stream_name(command.order_id)
    return await orders.handle(stream, command, command_id=command_id, metadata=metadata, expected=expected)


def why_impossible(error: IllegalTransition) -> str:
    """The refusal in a sentence."""
    if error.status == "cancelled" and error.command == "Restock":
        return f"order {error.order_id} is cancelled: its units went back into stock by themselves"
    if error.status == "cancelled" and error.command == "RequestRefund":
        return f"order {error.order_id} is cancelled: money that was charged goes back by itself"
    return f"order {error.order_id} {_IMPOSSIBLE[error.command]}: it is {error.status}"
