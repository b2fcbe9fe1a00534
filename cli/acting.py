"""What a person asks of an order, with who it was."""

import uuid
from typing import Annotated, Final

import typer

from bootstrap import App
from cli.failures import Refused
from cli.placing import login
from eventstore.command_handler import Handled
from orders.commands import CancelOrder
from orders.errors import IllegalTransition
from orders.ids import stream_name
from orders.interventions import Intervention
from orders.state import State

Reason = Annotated[str, typer.Option("--reason", help="Why, as it is shown to others.")]
_IMPOSSIBLE: Final = {
    "HoldOrder": "cannot be held",
    "ReleaseOrder": "cannot be released",
    "RequestRefund": "has no refund before it has shipped, cancel it instead",
}


async def act(app: App, command: CancelOrder | Intervention) -> Handled[State]:
    """Handle the command in the name of whoever is logged in. Raises Refused and what the domain refuses."""
    stream = stream_name(command.order_id)
    metadata = {"actor": f"cli:{login()}"}
    for first in await app.store.read_stream(stream, limit=1):
        metadata["correlationId"] = first.metadata.get("correlationId", str(first.id))
    try:
        return await app.orders.handle(stream, command, command_id=str(uuid.uuid4()), metadata=metadata)
    except IllegalTransition as error:
        raise Refused(_impossible(error)) from None


def _impossible(error: IllegalTransition) -> str:
    if error.status == "cancelled" and error.command == "RequestRefund":
        return f"order {error.order_id} is cancelled: all that was charged goes back by itself"
    return f"order {error.order_id} {_IMPOSSIBLE[error.command]}: it is {error.status}"
