"""Races of cancels against shipments: each order is cancelled at a moment drawn from a seed."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.signatures import RECORD_SHIPMENT
from orders.errors import OrderNotCancellable
from tests.running_system import RunningSystem, new_id

AT_ONCE = 40
PATIENCE = 120.0  # seconds
SEED = 20260102


class Beginning(Interceptor):
    """of: by step and order, set when the step begins."""

    def __init__(self) -> None:
        self.of: defaultdict[tuple[str, str], asyncio.Event] = defaultdict(asyncio.Event)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Notifying(next, self)


class _Notifying(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, beginning: Beginning) -> None:
        super().__init__(next)
        self._beginning = beginning

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        [argument] = input.args
        order_id = getattr(getattr(argument, "order", argument), "order_id", None)
        if order_id is not None:
            self._beginning.of[activity.info().activity_type, order_id].set()
        return await super().execute_activity(input)


async def races(
    system: RunningSystem, beginning: Beginning, count: int, steps: Sequence[str] = (RECORD_SHIPMENT.name,)
) -> list[tuple[str, str]]:
    """The orders, each with the last event before its cancel, or "refused". steps: the targets of half of the cancels."""
    lanes = asyncio.Semaphore(AT_ONCE)

    async def next_race(index: int) -> tuple[str, str]:
        order_id = f"race-{index}-{new_id()}"
        async with lanes:
            return order_id, await _race(system, beginning, order_id, steps, random.Random(f"{SEED}-{index}"))

    return await asyncio.gather(*map(next_race, range(count)))


async def _race(
    system: RunningSystem, beginning: Beginning, order_id: str, steps: Sequence[str], chance: random.Random
) -> str:
    """Place the order and cancel it: a while after one of its first events, or within milliseconds of a step."""
    await system.place(order_id, quantity=1)
    if chance.random() < 0.5:
        async with asyncio.timeout(PATIENCE):
            await beginning.of[chance.choice(steps), order_id].wait()
        await asyncio.sleep(chance.uniform(0, 0.01))
    else:
        await _after_some_events(system, order_id, chance.randint(1, 3))
        await asyncio.sleep(chance.uniform(0, 0.25))
    try:
        await system.cancel(order_id)
    except OrderNotCancellable:
        return "refused"
    events = await system.events(order_id)
    return events[events.index("order.cancelled") - 1]


async def _after_some_events(system: RunningSystem, order_id: str, count: int) -> None:
    while len(await system.events(order_id)) < count:  # noqa: ASYNC110 – the stream sets no event here
        await asyncio.sleep(0.03)
