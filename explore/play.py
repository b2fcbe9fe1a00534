"""Plays one sequence: places the orders, performs the acts at their boundaries, ends all faults, judges the orders."""

import asyncio
import random
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from application.placing import place
from explore.acts import ACTOR, LOSES_THE_ATTEMPT, perform
from explore.boundaries import Track
from explore.calm import at_rest, projected, runs, still
from explore.judge import problem_of
from explore.provider_acts import deliver_webhooks_shuffled, end_all, reconcile
from explore.remedies import Attention, remedy
from explore.sequence import AFTER_ALL, Act, OrderPlan, Sequence
from explore.stripe_books import AUTHENTICATES, DEBIT, DECLINED_CARD
from explore.system import HOLDS_MONEY, Explored
from open_work.failing import NO_ANSWER
from orders.model import parse_order

STOCK: Final = 100
_QUANTITIES: Final = {"out of stock": STOCK + 1, "without a label": 51}
_METHODS: Final = {"declined": DECLINED_CARD, "debited": DEBIT, "authenticated": AUTHENTICATES}
_PRICE: Final = 1_500
_ADDRESS: Final = {"line1": "Obere Str. 57", "city": "Berlin", "postalCode": "12209", "country": "DE"}
_REMEDIES: Final = 2
"""Number of times that the runbook's remedies are tried."""
_READS: Final = 4  # of attention, because Temporal's index of runs lags
_BETWEEN_READS: Final = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed sequence. kind: state in which the order was left; problem: without ids; steps: for people."""

    kind: str
    problem: str
    order_id: str = ""
    steps: str = ""

    @property
    def signature(self) -> str:
        """Kind and problem without figures."""
        return re.sub(r"\d+", "N", f"{self.kind}: {self.problem}")


@dataclass
class Play:
    """One play of a sequence. mark: a part of all its ids, so that sequences are independent."""

    system: Explored
    sequence: Sequence
    attention: Attention
    mark: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    tracks: list[Track] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Errors of the exploration itself."""

    def __post_init__(self) -> None:
        self._left = list(self.sequence.acts)
        self._commands = 0
        self._dice = random.Random(f"play:{self.sequence.seed}")
        self._begun = datetime.now(UTC) - timedelta(seconds=1)  # Stripe's times are whole seconds

    @property
    def ids(self) -> list[str]:
        return [f"{self.mark}{order.suffix}" for order in self.sequence.orders]

    def sku(self, index: int) -> str:
        return f"{self.mark}-{index}"

    async def run(self) -> Failure | None:
        """Play and judge the sequence. Finally frees its resources and terminates its open runs."""
        try:
            await self._begin()
            await self._act_at_the_end()
            failure = await self._judged()
        except TimeoutError:
            failure = Failure("did not come to rest in time", "", steps=self._steps())
        finally:
            await self._leave()
        return failure

    async def _begin(self) -> None:
        for index, (order_id, plan) in enumerate(zip(self.ids, self.sequence.orders, strict=True)):
            if plan.waits:
                self.system.waiting.add(order_id)
            if not self.sequence.webhooks:
                self.system.without_webhooks.add(order_id)
            track = Track(self._on_boundary(index))
            self.tracks.append(track)
            self.system.boundaries.tracks[order_id] = track
            await self.system.app.adjustments.set_level(self.sku(index), STOCK, actor=ACTOR)
        for index, plan in enumerate(self.sequence.orders):
            order = parse_order(self._order(index, plan), now=datetime.now(UTC))
            await place(self.system.app.orders, order, actor=ACTOR)

    def _order(self, index: int, plan: OrderPlan) -> dict[str, Any]:
        order_id, quantity = self.ids[index], _QUANTITIES.get(plan.kind, 2)
        price = 0 if plan.kind == "free of charge" else _PRICE
        card = _METHODS.get(plan.kind) or (HOLDS_MONEY if plan.held_money else "pm_card_visa")
        return {
            "orderId": order_id,
            "customerId": f"c-{self.mark}",
            "currency": "EUR",
            "items": [{"sku": self.sku(index), "name": "Tea", "quantity": quantity, "unitPrice": price}],
            "total": quantity * price,
            "paymentMethod": card,
            # The carrier's books identify an order by its recipient's name.
            "shippingAddress": {"name": order_id, **_ADDRESS},
        }

    def _on_boundary(self, index: int) -> Callable[[int], Awaitable[str | None]]:
        async def on_boundary(number: int) -> str | None:
            lost = None
            for act in [act for act in self._left if act.order == index and act.at <= number]:
                self._left.remove(act)
                await self._perform(act)
                lost = act.what if act.what in LOSES_THE_ATTEMPT else lost
            return lost

        return on_boundary

    async def _perform(self, act: Act) -> None:
        index = act.order % len(self.ids)
        try:
            await perform(self.system, self.ids[index], self.sku(index), act.what, act.how, self._command_id())
        except Exception as error:  # inside an activity it would count as the activity's
            self.errors.append(f"{act.what}: {error!r}")

    def _command_id(self) -> str:
        self._commands += 1
        return f"explore-{self.mark}-{self._commands}"

    async def _act_at_the_end(self) -> None:
        """Perform the acts whose boundaries the orders did not reach, once the orders wait: acts of one moment together, acts
        of the end one by one."""
        await still(self.system, self.ids, self.tracks)
        while self._left:
            act = self._left.pop(0)
            await self._perform(act)
            if not self._left or act.at != self._left[0].at or act.at >= AFTER_ALL:
                await still(self.system, self.ids, self.tracks)

    async def _let_go(self) -> None:
        """End all faults: lost calls and zombies arrive, days pass, Stripe decides, and the system learns of all changes: by
        webhooks in any order, or by a reconciliation."""
        for index, order_id in enumerate(self.ids):
            self.system.weather.clear(order_id)
            self.system.weather.land(order_id)
            self.system.older.unsent.pop(order_id, None)
            await perform(self.system, order_id, self.sku(index), "days pass", {}, "")
            self.tracks[index].wake_all()
            await asyncio.gather(*self.system.boundaries.zombies.pop(order_id, []))
            end_all(self.system, order_id, self._dice)
            await deliver_webhooks_shuffled(self.system, order_id, self._dice)
            if not self.sequence.webhooks:
                await reconcile(self.system, order_id, self._begun)

    async def _judged(self) -> Failure | None:
        await self._let_go()
        await at_rest(self.system, self.ids, self.tracks)
        await self._let_go()
        listed: dict[str, str] = {}
        for _ in range(_REMEDIES):
            await at_rest(self.system, self.ids, self.tracks)
            wrong = await self._wrong()
            if (found := self._at_any_time()) or not wrong:
                return found
            for index, problem in wrong:
                rows = await self._listed(index)
                if not rows:
                    return self._failure("in no list", index, problem)
                listed[self.ids[index]] = ", ".join(sorted({row.kind for row in rows}))
                for row in rows:
                    await remedy(self.system, row, self.sku(index), self._command_id(), self.sequence.seed)
            await self._let_go()
        await at_rest(self.system, self.ids, self.tracks)
        for index, problem in await self._wrong():
            return self._failure(f"no way out of {listed.get(self.ids[index], 'nothing')}", index, problem)
        return self._at_any_time()

    def _at_any_time(self) -> Failure | None:
        for index, order_id in enumerate(self.ids):
            for violation in self.system.weather.violations[order_id]:
                return self._failure("at any time", index, violation)
        return Failure("exploration failed", self.errors[0], steps=self._steps()) if self.errors else None

    async def _wrong(self) -> list[tuple[int, str]]:
        found = [(i, await problem_of(self.system, id_, self.sku(i))) for i, id_ in enumerate(self.ids)]
        return [(index, problem) for index, problem in found if problem]

    async def _listed(self, index: int) -> Any:
        await projected(self.system, self.ids[index])
        rows: list[Any] = []
        for _ in range(_READS):
            rows = await self.attention.of(self.ids[index])
            # Without the step's error there is no choice of a remedy: a person looks again.
            if rows and not any(row.error == NO_ANSWER for row in rows):
                return rows
            await asyncio.sleep(_BETWEEN_READS)
        return rows

    def _failure(self, kind: str, index: int, problem: str) -> Failure:
        return Failure(kind, problem, self.ids[index], self._steps())

    def _steps(self) -> str:
        return "\n".join(f"{id_}: {', '.join(track.steps)}" for id_, track in zip(self.ids, self.tracks, strict=False))

    async def _leave(self) -> None:
        for order_id in self.ids:
            self.system.boundaries.tracks.pop(order_id, None)
            self.system.weather.clear(order_id)
            for zombie in self.system.boundaries.zombies.pop(order_id, []):
                zombie.cancel()
            self.system.workflows.pop(order_id, None)
            self.system.waiting.discard(order_id)
            for run in await runs(self.system, order_id):
                if run.running:
                    await self.system.client.get_workflow_handle(run.workflow_id).terminate("explored")
