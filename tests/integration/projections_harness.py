"""Shared parts of the projections' tests: a log with orders, a live runner, rows of the table and of a fold."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeVar
from uuid import uuid4

import asyncpg

from eventstore.consumer import ConsumerRunner
from eventstore.model import ANY, NewEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from orders.commands import CancelOrder, Command, ConfirmOrder, PlaceOrder, RecordPayment, RecordRefund, RecordShipment
from orders.decide import decide
from orders.events import CancelledBy, Event
from orders.evolve import evolve, initial_state
from orders.ids import stream_name
from orders.state import State
from projections.columns import columns, row_of
from projections.decoded_log import DecodedLog
from projections.fold import fold
from projections.projection import Key, Projection
from projections.runner import Projector
from tests.unit.orders.samples import an_order
from tests.unit.projection_samples import CODEC

R = TypeVar("R")
DEADLINE: Final = 20.0
STEPS: Final[dict[str, Callable[[str], Command]]] = {
    "confirm": ConfirmOrder,
    "pay": lambda order_id: RecordPayment(order_id, f"pay-{order_id}", 1300, "EUR"),
    "ship": lambda order_id: RecordShipment(order_id, f"ship-{order_id}", f"T-{order_id}", "post"),
    "cancel": lambda order_id: CancelOrder(order_id, "changed my mind", CancelledBy.CUSTOMER),
    "refund": lambda order_id: RecordRefund(order_id, f"ref-{order_id}", f"pay-{order_id}", 1300, "cancelled"),
}
SHIPPED: Final = ("confirm", "pay", "ship")
REFUNDED: Final = ("confirm", "pay", "cancel", "refund")


def history(order_id: str, *steps: str, customer: str = "ada") -> list[Event]:
    """Events of an order of 13.00 EUR: placed, then the steps."""
    commands = [PlaceOrder(an_order(orderId=order_id, customerId=customer)), *(STEPS[step](order_id) for step in steps)]
    state: State = initial_state()
    events: list[Event] = []
    for command in commands:
        for event in decide(command, state):
            state = evolve(state, event)
            events.append(event)
    return events


async def happens(store: EventStore, *events: Event) -> int:
    """Append each event to its order's stream; returns the last position."""
    position = 0
    for event in events:
        new = CODEC.encode(event, id=uuid4(), metadata={})
        position = (await store.append(stream_name(event.order_id), [new], expected=ANY)).last_position
    return position


async def foreign(store: EventStore, event_type: str, stream: str = "order-odd", **data: Any) -> int:
    """Append an event that no program of ours would; returns its position."""
    version = data.pop("schema_version", 1)
    return (await store.append(stream, [NewEvent(uuid4(), event_type, data, {}, version)], expected=ANY)).last_position


def projector(pool: asyncpg.Pool, store: EventStore, projection: Projection[R], **options: Any) -> Projector[R]:
    return Projector(pool, store, CODEC, projection, **options)


async def drain(consumer: Projector[Any]) -> None:
    """Step until there is no more."""
    while await consumer.step():
        pass


async def rows_of(pool: asyncpg.Pool, projection: Projection[R]) -> list[R]:
    """Rows of the table, by key."""
    names, key = ", ".join(columns(projection.row)), ", ".join(projection.key_columns)
    records = await pool.fetch(f"select {names} from projections.{projection.table} order by {key}")
    return [row_of(projection.row, record) for record in records]


async def fold_of_the_log(store: EventStore, projection: Projection[R]) -> list[R]:
    """Expected rows, by key: a fold of the whole log in memory, without table or checkpoint."""
    log, rows, position, more = DecodedLog(store, CODEC, [projection]), dict[Key, R](), 0, True
    while more:
        page = await log.read(position, 1_000)
        fold(projection, page.of[projection.name], rows)
        position, more = page.position, page.more
    return [row for _, row in sorted(rows.items())]


@contextlib.asynccontextmanager
async def running(
    wakeup: Wakeup, database_url: str, consumers: Sequence[Projector[Any]]
) -> AsyncIterator[list[ConsumerRunner]]:
    """The consumers, each run as in the worker."""
    runners = [ConsumerRunner(consumer, dsn=database_url, wakeup=wakeup, poll=0.02) for consumer in consumers]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(runner.run()) for runner in runners]
        yield runners
        for task in tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner, with rights that the application lacks."""
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()
