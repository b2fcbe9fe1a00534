"""Serving processes, one, two or three of them, apart from the process that places the orders."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bench.orders_ours import Completions, placing, settings_for
from bench.processes import tree_cpu_seconds
from bench.serving import Serving, serving
from bench.side import Figures, Ground, Order, in_flight, meanwhile, servers_cpu
from worker import Role

ALL = tuple(Role)
REST = tuple(role for role in Role if role is not Role.WORKER)


@asynccontextmanager
async def served_by(ground: Ground, *processes: Sequence[Role]) -> AsyncIterator[tuple[list[Serving], Order]]:
    """Processes with these roles, and a function of this process that runs an order from its start to its end."""
    settings, completions = settings_for(ground), Completions()
    async with (
        placing(settings, completions) as (app, order),
        serving(settings, processes) as started,
        meanwhile(app.wakeup.listen(ground.database_url)),
        meanwhile(completions.follow(app)),
    ):
        yield started, order


async def _measure(ground: Ground, *processes: Sequence[Role]) -> Figures:
    async with served_by(ground, *processes) as (started, order):

        def used() -> dict[str, float]:
            each = [tree_cpu_seconds(process.pid) * 1000 for process in started]
            by_process = {f"process_{number}_cpu_ms": spent for number, spent in enumerate(each, start=1)}
            return {"cpu_ms_per_order": sum(each)} | servers_cpu() | by_process

        return await in_flight(ground.scaled(150), order, used)


async def measure_one(ground: Ground) -> Figures:
    """One process with all roles."""
    return await _measure(ground, ALL)


async def measure_two(ground: Ground) -> Figures:
    """Two processes with all roles, which divide the dispatcher's lanes."""
    return await _measure(ground, ALL, ALL)


async def measure_by_role(ground: Ground) -> Figures:
    """Two workers, and dispatcher, projector and webhooks in a third process."""
    return await _measure(ground, [Role.WORKER], [Role.WORKER], REST)
