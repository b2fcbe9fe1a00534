"""Places many orders concurrently, with an outcome for each line in the order of the lines."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

import asyncpg

from application import order_json
from application.outages import AWAY
from application.placing import place
from cli.acting import actor
from cli.place.lines import MAX_LINE, Line
from eventstore.errors import EventStoreError, InvalidEvent
from order_streams import Orders
from orders.errors import Fault, InvalidOrder, OrderError
from orders.model import Order
from orders.state import State

IN_FLIGHT: Final = 16
_TOO_LONG: Final = Fault("", f"the line is longer than {MAX_LINE // 1024**2} MiB")
Result = Literal["placed", "alreadyPlaced", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of one line. unknown: the database connection was lost (`error`), so the order may have been placed or not."""

    line: int
    end: int
    result: Result
    order_id: str | None = None
    state: State | None = None
    position: int | None = None
    faults: tuple[Fault, ...] = ()
    error: Exception | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the outcome in wire spelling, without empty fields."""
        fields = {
            "line": self.line,
            "orderId": self.order_id,
            "result": self.result,
            "position": self.position,
            "faults": [{"path": fault.path, "problem": fault.problem} for fault in self.faults] or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


async def place_all(orders: Orders, lines: AsyncIterator[Line], *, bulk: bool) -> AsyncGenerator[Outcome, None]:
    """Place the order on each line that is not blank, several at once.

    At the first unknown outcome no further line is begun; lines in flight still yield theirs. Raises the errors of
    reading the lines.
    """
    waiting: asyncio.Queue[asyncio.Task[Outcome] | None] = asyncio.Queue(IN_FLIGHT)
    filling = asyncio.create_task(_fill(waiting, _Placer(orders, bulk), lines))
    try:
        while task := await waiting.get():
            outcome = await task
            yield outcome
            if outcome.result == "unknown":
                filling.cancel()  # lines in flight still yield their outcome: the task marks the end when it is cancelled
        await asyncio.wait([filling])
        if not filling.cancelled():
            filling.result()
    finally:
        filling.cancel()
        while not waiting.empty():
            if task := waiting.get_nowait():
                task.cancel()


async def _fill(
    waiting: asyncio.Queue[asyncio.Task[Outcome] | None], placer: "_Placer", lines: AsyncIterator[Line]
) -> None:
    try:
        async for line in lines:
            if line.content is None or line.content.strip():
                await waiting.put(asyncio.create_task(placer.place(line)))
    finally:
        await waiting.put(None)


class _Placer:
    """Places orders concurrently, but lines with the same order id one after the other: the first one places the order."""

    def __init__(self, orders: Orders, bulk: bool) -> None:
        self._orders, self._actor, self._bulk = orders, actor(), bulk
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def place(self, line: Line) -> Outcome:
        order_id = None
        try:
            order = read_order(line.content, now=datetime.now(UTC))
            order_id = order.order_id
            async with self._turns.setdefault(order_id, asyncio.Lock()):
                handled = await place(self._orders, order, actor=self._actor, bulk=self._bulk)
        except InvalidOrder as error:
            return Outcome(line.number, line.end, "refused", error.order_id, faults=error.faults)
        except (OrderError, EventStoreError) as error:
            return Outcome(line.number, line.end, "refused", order_id, faults=_faults(error))
        except (asyncpg.PostgresError, *AWAY) as error:
            return Outcome(line.number, line.end, "unknown", order_id, error=error)
        result: Result = "placed" if handled.changed else "alreadyPlaced"
        return Outcome(line.number, line.end, result, order_id, handled.state, handled.position)


def read_order(content: bytes | None, *, now: datetime) -> Order:
    """Parse the order of a line; None: the line is too long. now: used where it has no placedAt. Raises InvalidOrder."""
    if content is None:
        raise InvalidOrder((_TOO_LONG,))
    return order_json.read_order(content, now=now)


def _faults(error: OrderError | EventStoreError) -> tuple[Fault, ...]:
    match error:
        case InvalidEvent():
            # The event's data is the order, so its path is the path in the order.
            return (Fault(error.data_path, error.problem),)
        case _:
            return (Fault("", str(error)),)
