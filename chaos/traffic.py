"""Customers: place orders at a seeded rate, and cancel some of them shortly after."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from application.placing import command_id
from chaos.patience import until_answered
from chaos.providers import order_at_providers
from cli.demo.course import Course
from cli.demo.world import ORDERS_FILE
from order_streams import Orders
from orders.commands import CancelOrder, Command, PlaceOrder
from orders.errors import IllegalTransition, OrderNotCancellable
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.model import parse_order
from orders.names import derived_name

CANCELS: Final = 0.15  # of all orders
_CHANGES_MIND_WITHIN: Final = 3.0  # seconds
_ACTOR: Final = "chaos"


def northwind_orders() -> list[dict[str, Any]]:
    """Orders to be placed repeatedly, under new ids."""
    orders = [orjson.loads(line) for line in ORDERS_FILE.read_bytes().splitlines()]
    return [{name: value for name, value in order.items() if name != "placedAt"} for order in orders]


class Traffic:
    """Places orders until `closing` is set. course: receives each placed order; rate: orders a second; at_providers: orders
    for Stripe and EasyPost."""

    def __init__(
        self, orders: Orders, course: Course, *, rate: float, dice: random.Random, at_providers: bool = False
    ) -> None:
        self._shop, self._course = orders, course
        self._rate, self._dice, self._at_providers = rate, dice, at_providers
        self._orders: Sequence[Mapping[str, Any]] = northwind_orders()
        self.closing = asyncio.Event()
        self.cancels = 0

    async def flow(self) -> None:
        """Return once `closing` is set and every request has an outcome, however long that takes."""
        number = 0
        async with asyncio.TaskGroup() as customers:
            while not self.closing.is_set():
                number += 1
                cancels_after = self._dice.uniform(0, _CHANGES_MIND_WITHIN) if self._dice.random() < CANCELS else None
                customers.create_task(self._customer(number, self._dice.choice(self._orders), cancels_after))
                await self._next_customer(self._dice.expovariate(self._rate))

    async def _next_customer(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            pass

    async def _customer(self, number: int, data: Mapping[str, Any], cancels_after: float | None) -> None:
        order_id = f"chaos-{number:06}"
        if self._at_providers:
            data = order_at_providers(data, order_id, self._dice)
        order = parse_order({**data, "orderId": order_id}, now=datetime.now(UTC))
        await self._handle(order.order_id, PlaceOrder(order), command_id(order))
        self._course.add(order.order_id)
        if cancels_after is not None:
            await asyncio.sleep(cancels_after)
            await self._cancel(order.order_id)

    async def _cancel(self, order_id: str) -> None:
        command = CancelOrder(order_id, "Changed my mind", CancelledBy.CUSTOMER)
        try:
            await self._handle(order_id, command, derived_name("cancel-by-customer", order_id))
        except (OrderNotCancellable, IllegalTransition):  # it ended first
            return
        self.cancels += 1

    async def _handle(self, order_id: str, command: Command, id_: str) -> None:
        metadata = {"actor": _ACTOR, "correlationId": order_id}
        await until_answered(
            lambda: self._shop.handle(stream_name(order_id), command, command_id=id_, metadata=metadata)
        )
