"""What a person at this terminal asks of an order."""

import getpass
import uuid
from typing import Annotated

import typer

from application import acting
from application.acting import why_impossible
from cli.failures import Refused
from eventstore.command_handler import Handled
from order_streams import Orders
from orders.commands import CancelOrder
from orders.errors import IllegalTransition
from orders.interventions import Intervention
from orders.state import State

Reason = Annotated[str, typer.Option("--reason", help="Why, as it is shown to others.")]


async def act(orders: Orders, command: CancelOrder | Intervention) -> Handled[State]:
    """Handle the command in the name of whoever is logged in. Raises Refused and what the domain refuses."""
    try:
        return await acting.act(orders, command, actor=actor(), command_id=str(uuid.uuid4()))
    except IllegalTransition as error:
        raise Refused(why_impossible(error)) from None


def actor() -> str:
    """Whoever is logged in, for the record of who acted."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # no such user: containers run as any number
        return "cli:unknown"
