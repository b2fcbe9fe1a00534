"""Retry of an order whose workflow was lost or waits, from the state of its stream."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from temporalio.client import Client

from application.acting import PersonsCommand, act
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS
from eventstore.command_handler import Handled
from order_streams import Orders, load_order
from orders.events import OrderRetried, RefundRequested
from orders.ids import stream_name
from orders.interventions import RetryOrder
from orders.records import Refund
from orders.state import Shipped, State, Status
from settings import Settings
from temporal import require_answer
from workflows.model import REFUND_ORDER, RETRY

HELD_EFFECT: Final = "it is on hold: it continues when it is released"
# The page's dialog has the same sentences.
EFFECTS: Final[dict[Status, str]] = {
    "placed": "it continues with the check of the stock",
    "confirmed": "it continues with the charge, unless that was made",
    "paid": "it continues with its goods and its label; it is not charged again",
    "shipped": "messages about its shipment that are missing are published, and refunds that are owed are made",
    "cancelled": "it stays cancelled: what is left of its charge, its label and its reserved goods is undone",
}


@dataclass(frozen=True, slots=True)
class Retried:
    """Result of a retry, and the types of the workflows that it starts, or wakes where they are running."""

    handled: Handled[State]
    workflows: list[str]

    @property
    def effect(self) -> str:
        """The sentence about the work that follows."""
        state = self.handled.state
        return HELD_EFFECT if state.hold else EFFECTS[state.status]


async def retry(
    orders: Orders,
    client: Client,
    settings: Settings,
    command: RetryOrder,
    *,
    actor: str,
    command_id: str,
    expected: frozenset[int] | None = None,
    bulk: bool = False,
) -> Retried:
    """Record the retry, for which the dispatcher starts the workflow that the order's state needs, or signals the running one
    to retry at once. Only missing steps are done. bulk: as for `act`.

    Raises what `act` raises, and TemporalUnreachable, before anything is recorded, if a refund is owed and Temporal does
    not answer.
    """
    due = _owed((await load_order(orders, command.order_id)).state)
    if due:
        await require_answer(client)
    handled = await act(orders, command, actor=actor, command_id=command_id, expected=expected, bulk=bulk)
    await _start_refunds(orders, WorkflowStarter(client, settings), command.order_id, due)
    workflows = [each.workflow for each in TRIGGERS if _is_of(each.event_type, each.status, handled.state)]
    return Retried(handled, workflows + [REFUND_ORDER for _ in due])


async def act_or_retry(
    orders: Orders,
    client: Client,
    settings: Settings,
    command: PersonsCommand,
    *,
    actor: str,
    command_id: str,
    bulk: bool = False,
) -> Handled[State]:
    """Handle any command of a person; of a retry, start or wake what it needs. Raises what `act` and `retry` raise."""
    if isinstance(command, RetryOrder):
        request = retry(orders, client, settings, command, actor=actor, command_id=command_id, bulk=bulk)
        return (await request).handled
    return await act(orders, command, actor=actor, command_id=command_id, bulk=bulk)


def _owed(state: State) -> list[Refund]:
    return list(state.owed) if isinstance(state, Shipped) else []


async def _start_refunds(orders: Orders, starter: WorkflowStarter, order_id: str, due: Sequence[Refund]) -> None:
    """Start the refunds that are owed, or signal those in progress to retry; each returns its money once, however often it
    runs."""
    if not due:
        return
    [trigger] = [each for each in TRIGGERS if each.event_type == RefundRequested.event_type]
    ids = {refund.refund_id for refund in due}
    async for recorded, event in orders.events(stream_name(order_id)):
        if isinstance(event, RefundRequested) and event.refund_id in ids:
            await starter.start(replace(trigger, signal=RETRY, again=True), event, recorded)


def _is_of(event_type: str, status: str, state: State) -> bool:
    return event_type == OrderRetried.event_type and status == state.status
