"""Commands on an order in the name of the logged-in user."""

import getpass
import uuid
from typing import Annotated

import typer

from application import acting
from application.acting import PersonsCommand
from cli.arguments import LARGEST, stated_reason
from eventstore.command_handler import Handled
from order_streams import Orders
from orders.state import State

Reason = Annotated[
    str,
    typer.Option("--reason", help="The reason, shown to every reader of the order.", callback=stated_reason),
]


Expect = Annotated[
    int | None,
    typer.Option(
        "--expect", metavar="VERSION", min=1, max=LARGEST, help="Change nothing unless the order is at this version."
    ),
]


async def act(orders: Orders, command: PersonsCommand, expect: int | None) -> Handled[State]:
    """Handle a command in the name of the logged-in user. Raises the domain's errors."""
    return await acting.act(orders, command, actor=actor(), command_id=str(uuid.uuid4()), expected=versions(expect))


def versions(expect: int | None) -> frozenset[int] | None:
    """The versions that --expect accepts; None for any."""
    return None if expect is None else frozenset({expect})


def actor() -> str:
    """Return the logged-in user as an actor of events."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # the user has no name: containers run with any user id
        return "cli:unknown"
