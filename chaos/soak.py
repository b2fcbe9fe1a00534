"""One soak: start the system, place orders, inject faults one after another, wait for the orders' end, audit."""

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bootstrap import App, open_app
from chaos.faults import FAULTS, Stage
from chaos.fleet import DECLINE_ABOVE, TASK_QUEUE, UNAVAILABLE_ABOVE, running_fleet
from chaos.provider_books import differences
from chaos.providers import Providers, running_providers
from chaos.recovery import recovery_seconds
from chaos.report import Broken, Log, Verdict
from chaos.servers import Servers, running_servers
from chaos.traffic import Traffic
from cli.arguments import DATA_FOLDER
from cli.audit import prove_books
from cli.demo.course import Course, Ended, all_ended
from eventstore.migrate import migrate
from gateways.simulated import Faults
from inventory.stock_file import read_stock_csv
from settings import Settings

STOCK_FACTOR: Final = 100
WARM_UP: Final = 3.0  # seconds before the first fault
_PAUSE: Final = (0.5, 2.0)  # seconds between two faults, minimum and maximum
LONG_RUN: Final = 240.0  # seconds, from which on Temporal is down for a minute
SETTLE_LIMIT: Final = 900.0  # seconds
PATIENCE: Final = 90.0  # seconds without an order ending, after which the rest counts as stuck
_PATIENCE_AT_PROVIDERS: Final = 300.0  # a purchase without an answer is repeated after a minute
_EVERY: Final = 5.0  # seconds between two progress lines


@dataclass(frozen=True, slots=True)
class Plan:
    """Parameters of a soak. seconds: duration of fault injection; rate: orders a second; seed: of traffic and faults;
    at_providers: with Stripe's and EasyPost's stand-ins in place of the simulated gateways."""

    seconds: float
    seed: int
    rate: float
    at_providers: bool = False

    @property
    def temporal_outage(self) -> float:
        return 60.0 if self.seconds >= LONG_RUN else max(2.0, self.seconds / 12)

    def dice(self, of: str) -> random.Random:
        """A random generator for one purpose, independent of the draws of the rest."""
        return random.Random(f"{self.seed}:{of}")

    def faults(self) -> Iterator[str]:
        """Endless: every fault once in each round, each round shuffled."""
        dice, names = self.dice("order"), list(FAULTS)
        while True:
            yield from dice.sample(names, len(names))


async def soak(plan: Plan, log: Log) -> Verdict:
    """Run a soak; a cancel stops it gracefully. Raises EmbeddedError if a service does not start."""
    with running_providers(plan.dice("providers")) if plan.at_providers else nullcontext() as providers:
        return await _soak(plan, log, providers)


async def _soak(plan: Plan, log: Log, providers: Providers | None) -> Verdict:
    given = providers.settings if providers else {}
    async with running_servers() as servers:
        settings = _settings(servers, given)
        await migrate(settings.owner_database_url)
        async with open_app(settings) as app:
            await _stock(app)
            async with running_fleet(servers, given) as fleet:
                log.write(f"placing {plan.rate:g} orders a second, {len(fleet.workers)} workers; seed {plan.seed}")
                dice, outage = plan.dice("faults"), plan.temporal_outage
                stage = Stage(servers, fleet, Faults(app.pool), dice, log.write, outage, providers)
                return await _Soak(plan, log, app, stage).run()


def _settings(servers: Servers, given: Mapping[str, Any]) -> Settings:
    return Settings(
        database_url=servers.database_url,
        database_owner_url=servers.database_url,
        temporal_address=servers.temporal_address,
        task_queue=TASK_QUEUE,
        payment_decline_above=DECLINE_ABOVE,
        shipping_unavailable_above=UNAVAILABLE_ABOVE,
        **given,
    )


async def _stock(app: App) -> None:
    rows = read_stock_csv(DATA_FOLDER / "northwind" / "products.csv")
    await app.stock.import_levels([replace(row, units=row.units * STOCK_FACTOR) for row in rows], "chaos")


class _Soak:
    def __init__(self, plan: Plan, log: Log, app: App, stage: Stage) -> None:
        self._plan, self._log, self._app, self._stage = plan, log, app, stage
        self._broken: list[Broken] = []
        self._died: list[str] = []

    async def run(self) -> Verdict:
        client = await Client.connect(
            self._stage.servers.temporal_address, data_converter=pydantic_data_converter, lazy=True
        )
        course = Course(self._app.sources(client))
        plan = self._plan
        dice = plan.dice("traffic")
        traffic = Traffic(self._app.orders, course, rate=plan.rate, dice=dice, at_providers=plan.at_providers)
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.flow())
            await self._break_one_after_another()
            traffic.closing.set()
        all_have_ended = await self._wait_for_ends(course)
        providers = self._stage.providers
        unequal = await differences(self._app.pool, self._app.orders, providers) if providers else []
        report = await prove_books(self._app.sources(client))
        return Verdict(
            seed=self._plan.seed,
            seconds=self._log.seconds,
            faults=self._broken,
            tally=course.tally,
            cancels=traffic.cancels,
            died=self._died,
            all_ended=all_have_ended,
            audit=report,
            differences=unequal,
        )

    async def _break_one_after_another(self) -> None:
        await asyncio.sleep(WARM_UP)
        end = self._log.seconds + self._plan.seconds
        for name in self._plan.faults():
            if self._log.seconds >= end:
                return
            await self._break(name)
            await asyncio.sleep(self._stage.dice.uniform(*_PAUSE))

    async def _break(self, name: str) -> None:
        at = self._log.seconds
        await FAULTS[name](self._stage)
        lasted = self._log.seconds - at
        await self._revive()
        goes_on_after = await recovery_seconds(self._app.store)
        self._broken.append(Broken(name, round(at, 1), round(lasted, 1), goes_on_after))
        answer = (
            "does not recover" if goes_on_after is None else f"recovered {goes_on_after:.1f} s after the fault's end"
        )
        self._log.write(answer)

    async def _revive(self) -> None:
        for found in await self._stage.fleet.revive():
            self._died.append(found)
            self._log.write(found)

    async def _wait_for_ends(self, course: Course) -> bool:
        self._log.write(f"no more orders, {course.tally.placed:,} were placed; waiting for their end")
        all_placed = asyncio.Event()
        all_placed.set()
        printed = self._log.seconds

        def on_ended(_: Sequence[Ended]) -> None:
            nonlocal printed
            if self._log.seconds - printed >= _EVERY:
                printed = self._log.seconds
                self._log.write(f"{course.tally.open:,} still open")

        patience = _PATIENCE_AT_PROVIDERS if self._stage.providers else PATIENCE
        try:
            async with asyncio.timeout(SETTLE_LIMIT):
                all_have_ended = await all_ended(course, all_placed, on_ended, patience)
        except TimeoutError:
            all_have_ended = False
        await self._revive()
        self._log.write("all orders have ended" if all_have_ended else f"{course.tally.open:,} orders have not ended")
        return all_have_ended
