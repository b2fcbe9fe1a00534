"""Any interventions and faults, in any order: after they end, the books are correct."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from temporalio.client import Client
from temporalio.service import RPCError

from audit import Finding, audit
from embedded.postgres import Postgres
from eventstore.checkpoints import lags
from gateways.simulated import FaultKind, Operation
from open_work.sources import Sources
from orders.commands import CancelOrder, Command, PlaceOrder
from orders.errors import OrderError
from orders.events import CancelledBy
from orders.interventions import HoldOrder, NoteOrder, ReleaseOrder, RequestRefund, RetryOrder, TagOrder, UntagOrder
from orders.model import parse_order
from orders.state import Cancelled, ExistingOrder, NotPlaced, Shipped
from projections import PROJECTIONS
from tests.integration.cli_harness import database
from tests.running_system import PLACED_AT, RunningSystem, new_id, order_data, running_system, until

STOCK: Final = 10_000
DECLINED_ABOVE, UNLABELLED_ABOVE = 100_00, 100
# By their end without interventions.
ORDERS: Final[dict[str, dict[str, Any]]] = {
    "ships": {},
    "out of stock": {"quantity": STOCK + 1, "unit_price": 0},
    "declined": {"quantity": 1, "unit_price": DECLINED_ABOVE + 1},
    "without a label": {"quantity": UNLABELLED_ABOVE + 1, "unit_price": 1},
    "free of charge": {"unit_price": 0},
}
HANG: Final = 0.3  # seconds

PEOPLE: Final = (
    "place",
    "cancel",
    "hold",
    "release",
    "retry",
    "refund",
    "terminate",
    "let it go on",
    "note",
    "tag",
    "untag",
)


@dataclass(frozen=True, slots=True)
class Act:
    """Act of a person on an order, by its number, the position in the example's list of orders."""

    what: str
    order: int


@dataclass(frozen=True, slots=True)
class Break:
    """Fault of a gateway in this number of the next calls of an operation."""

    operation: Operation
    kind: FaultKind
    calls: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Lost calls arrive at a gateway."""


STEPS: Final = st.lists(
    st.one_of(
        st.builds(Act, st.sampled_from(PEOPLE), st.integers(0, 2)),
        st.builds(Break, st.sampled_from(get_args(Operation)), st.sampled_from(get_args(FaultKind)), st.integers(1, 2)),
        st.just(Deliver()),
    ),
    min_size=1,
    max_size=14,
)


@pytest.fixture(scope="module")
async def system(
    postgres_server: Postgres, template_database: str, temporal_client: Client
) -> AsyncIterator[RunningSystem]:
    """One system for all examples, each of which has orders, goods and a customer of its own."""
    async with (
        database(postgres_server, template_database) as url,
        running_system(
            url, temporal_client, payment_decline_above=DECLINED_ABOVE, shipping_unavailable_above=UNLABELLED_ABOVE
        ) as running,
    ):
        yield running


@dataclass
class Play:
    """One example. mark: in all its ids, so that examples are independent. placed: the placed orders; terminated: orders
    with a terminated run, which are retried."""

    system: RunningSystem
    kinds: Sequence[str]
    mark: str = field(default_factory=new_id)
    placed: list[str] = field(default_factory=list)
    terminated: set[str] = field(default_factory=set)

    @property
    def ids(self) -> list[str]:
        return [f"{self.mark}-{number}" for number in range(len(self.kinds))]

    async def perform(self, step: Act | Break | Deliver) -> None:
        match step:
            case Act():
                await self._act(step.what, self.ids[step.order % len(self.ids)])
            case Break(operation, kind, calls):
                delay = HANG if kind == "hang" else 0.0
                await self.system.faults.set(operation, kind, remaining=calls, delay_seconds=delay)
            case Deliver():
                await self.system.faults.deliver()

    async def _act(self, what: str, order_id: str) -> None:
        match what:
            case "let it go on":
                await self._goes_on(order_id)
            case "terminate":
                await self._terminate(order_id)
            case "refund":
                await self._rests(order_id)
                await self._ask(RequestRefund(order_id, new_id(), 7_00, "it arrived late"))
            case _:
                await self._ask(self._command(what, order_id))

    def _command(self, what: str, order_id: str) -> Command:
        match what:
            case "place":
                return self._order(order_id)
            case "cancel":
                return CancelOrder(order_id, "changed my mind", CancelledBy.CUSTOMER)
            case "hold":
                return HoldOrder(order_id, "fraud suspected")
            case "release":
                return ReleaseOrder(order_id)
            case "retry":
                return RetryOrder(order_id, "impatient")
            case "note":
                return NoteOrder(order_id, "the customer called")
            case "tag":
                return TagOrder(order_id, ("vip",))
            case "untag":
                return UntagOrder(order_id, ("vip",))
        raise AssertionError(what)

    def _order(self, order_id: str) -> PlaceOrder:
        changes = ORDERS[self.kinds[self.ids.index(order_id)]]
        data = order_data(order_id, sku=self.mark, customerId=self.mark, **changes)
        return PlaceOrder(parse_order(data, now=PLACED_AT))

    async def _ask(self, command: Command) -> None:
        """Perform an act; refusals by the domain are valid results."""
        with contextlib.suppress(OrderError):
            await self.system.handle(command.order_id, command)
            if isinstance(command, PlaceOrder) and command.order_id not in self.placed:
                self.placed.append(command.order_id)

    async def _terminate(self, order_id: str) -> None:
        for workflow in await self.system.running(order_id):
            with contextlib.suppress(RPCError):  # it ended meanwhile
                await self.system.workflow(workflow, order_id).terminate("by mistake")
                self.terminated.add(order_id)

    async def _goes_on(self, order_id: str) -> None:
        """Wait until the next event of the order, where one comes soon."""
        before = await self.system.events(order_id)
        with contextlib.suppress(AssertionError):
            await until(lambda: self._differs(order_id, before), "it goes on", seconds=0.3)

    async def _differs(self, order_id: str, before: list[str]) -> bool:
        return await self.system.events(order_id) != before

    async def _rests(self, order_id: str) -> None:
        """Wait until the order has ended, or no longer moves."""
        with contextlib.suppress(AssertionError):
            await until(lambda: self._at_its_end(order_id), "it ends", seconds=1.5)

    async def _at_its_end(self, order_id: str) -> bool:
        return isinstance(await self.system.state(order_id), Shipped | Cancelled | NotPlaced)

    async def calm(self) -> None:
        """End all faults: gateways work, lost calls arrive, holds are released, terminated runs are retried."""
        await self.system.faults.clear()
        await self.system.dispatched_all()
        for order_id in self.placed:
            await self._ask(ReleaseOrder(order_id))
            if order_id in self.terminated:
                await self._ask(RetryOrder(order_id, "it was terminated by mistake"))
        for order_id in self.placed:
            await until(lambda order_id=order_id: self._settled(order_id), f"{order_id} has settled", seconds=180)  # type: ignore[misc]
        await self.system.faults.deliver()

    async def findings(self) -> list[Finding]:
        """Findings of the audit about this example's orders, goods and customer, with up-to-date read models."""

        async def projected() -> bool:
            behind = [lag.events for each in PROJECTIONS for lag in await lags(self.system.app.pool, each.name)]
            return not any(behind)

        await until(projected, "the read models are up to date")
        app = self.system.app
        report = await audit(Sources(app.pool, app.store, app.codec, app.stock, self.system.ledger, self.system.client))
        return [each for each in report.findings if self.mark in each.subject + each.problem]

    async def _settled(self, order_id: str) -> bool:
        state = await self.system.state(order_id)
        assert not isinstance(state, NotPlaced)
        return _is_done(state) and await self.system.dispatched() and not await self.system.running(order_id)


def _is_done(state: ExistingOrder) -> bool:
    return isinstance(state, Cancelled) or (isinstance(state, Shipped) and len(state.refunds) == len(state.requested))


@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kinds=st.lists(st.sampled_from(list(ORDERS)), min_size=1, max_size=3), steps=STEPS)
async def test_whatever_is_done_to_orders_and_fails_at_gateways_the_books_hold_when_all_have_settled(
    system: RunningSystem, kinds: list[str], steps: list[Act | Break | Deliver]
) -> None:
    play = Play(system, kinds)
    note(f"orders {dict(zip(play.ids, kinds, strict=True))}")
    await system.stock(**{play.mark: STOCK})
    for number in range(len(kinds)):
        await play.perform(Act("place", number))
    for step in steps:
        await play.perform(step)
    await play.calm()
    assert await play.findings() == []
