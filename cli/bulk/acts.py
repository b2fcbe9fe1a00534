"""Acts of a bulk action, and the options that each takes."""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from temporalio.client import Client

from application.acting import PersonsCommand
from application.bulk_action import Act
from application.retrying import act_or_retry
from cli.acting import actor
from eventstore.command_handler import Handled
from order_streams import Orders
from orders.commands import CancelOrder
from orders.events import CancelledBy
from orders.interventions import HoldOrder, ReleaseOrder, RetryOrder, TagOrder, UntagOrder
from orders.state import State
from settings import Settings


class Action(StrEnum):
    """Acts on many orders."""

    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    RETRY = "retry"
    TAG = "tag"
    UNTAG = "untag"


NEEDS: Final[dict[Action, str | None]] = {
    Action.HOLD: "reason",
    Action.RELEASE: None,
    Action.CANCEL: "reason",
    Action.RETRY: "reason",
    Action.TAG: "tags",
    Action.UNTAG: "tags",
}
TAKES: Final[dict[Action, set[str]]] = {action: {needed} if needed else set() for action, needed in NEEDS.items()} | {
    Action.CANCEL: {"reason", "by"},
    Action.RETRY: {"reason", "carrier", "service"},
}
"""Options of each action, of those that not every action has."""


@dataclass(frozen=True, slots=True)
class Request:
    """An action with its options."""

    action: Action
    reason: str
    by: str
    carrier: str | None
    service: str | None
    tags: tuple[str, ...]

    def command(self, order_id: str) -> PersonsCommand:
        match self.action:
            case Action.HOLD:
                return HoldOrder(order_id, self.reason)
            case Action.RELEASE:
                return ReleaseOrder(order_id)
            case Action.CANCEL:
                return CancelOrder(order_id, self.reason, CancelledBy(self.by))
            case Action.RETRY:
                return RetryOrder(order_id, self.reason, self.carrier, self.service)
            case Action.TAG:
                return TagOrder(order_id, self.tags)
            case Action.UNTAG:
                return UntagOrder(order_id, self.tags)

    def act(self, orders: Orders, client: Client, settings: Settings) -> Act:
        """Return the act on one order. client: for a retry, which may be without a connection until its first use."""
        by = actor()

        async def act_on(order_id: str) -> Handled[State]:
            command, id_ = self.command(order_id), str(uuid.uuid4())
            return await act_or_retry(orders, client, settings, command, actor=by, command_id=id_, bulk=True)

        return act_on
