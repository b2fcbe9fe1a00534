"""An act of a caller on one order, as its routes share it."""

from typing import Annotated, Any

from fastapi import Depends, Response

from application.acting import PersonsCommand, act
from eventstore.command_handler import Handled
from orders.state import State
from web.parameters import OrderId
from web.preconditions import Expected, etag
from web.system import Asking, CommandId, Shared


class ActOnOrder:
    """The order, the system, and `request`: the actor, the command's id and the expected versions, as `act` takes them."""

    def __init__(
        self,
        system: Shared,
        caller: Asking,
        command_id: CommandId,
        expected: Expected,
        response: Response,
        order_id: OrderId,
    ) -> None:
        self.system, self.order_id, self.command_id, self._response = system, order_id, command_id, response
        self.request: dict[str, Any] = {"actor": caller.actor, "command_id": command_id, "expected": expected}

    async def record(self, command: PersonsCommand) -> dict[str, Any]:
        return self.answer(await act(self.system.orders, command, **self.request))

    def answer(self, handled: Handled[State], **more: Any) -> dict[str, Any]:
        """The answer of every act, with the order's version as ETag. more: further fields of this one."""
        state = handled.state
        self._response.headers["ETag"] = etag(handled.version)
        return {
            "orderId": self.order_id,
            "changed": handled.changed,
            "status": state.status,
            "paymentState": state.payment_state,
            "onHold": state.hold is not None,
            "version": handled.version,
            "position": handled.position,
            **more,
        }


Acting = Annotated[ActOnOrder, Depends()]
