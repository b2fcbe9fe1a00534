"""Faults. Each function injects one, and returns when it is over."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import asyncpg

from chaos.fleet import Fleet, Worker
from chaos.patience import until_answered
from chaos.providers import Providers
from chaos.servers import Servers
from chaos.statements import TERMINATE_OTHER_SESSIONS
from gateways.simulated import FaultKind, Faults, Operation

GATEWAY_FAULTS: Final = 0.4  # of all calls
_FAILING: Final = 5.0  # seconds of failing gateways
_DOWN: Final = (0.5, 2.0)  # seconds, minimum and maximum, until a process is restarted


@dataclass(frozen=True)
class Stage:
    """Targets of the faults. log: prints one line; temporal_outage: duration of an outage of Temporal, in seconds;
    providers: the stand-ins that serve in place of the simulated gateways."""

    servers: Servers
    fleet: Fleet
    gateways: Faults
    dice: random.Random
    log: Callable[[str], None]
    temporal_outage: float
    providers: Providers | None = None

    @property
    def some_time(self) -> float:
        return self.dice.uniform(*_DOWN)


async def kill_a_worker(stage: Stage) -> None:
    await _kill(stage, [stage.dice.choice(stage.fleet.workers)])


async def kill_all_workers(stage: Stage) -> None:
    await _kill(stage, stage.fleet.workers)


async def kill_the_dispatchers_owner(stage: Stage) -> None:
    owner = await until_answered(stage.fleet.dispatcher_owner)
    if owner is None:
        stage.log("no process owns the dispatcher at the moment")
        owner = stage.fleet.workers[0]
    await _kill(stage, [owner])


async def _kill(stage: Stage, workers: Sequence[Worker]) -> None:
    names = " and ".join(worker.name for worker in workers)
    await asyncio.gather(*(worker.kill() for worker in workers))
    stage.log(f"{names} killed (-9)")
    await asyncio.sleep(stage.some_time)
    await asyncio.gather(*(worker.start() for worker in workers))
    stage.log(f"{names} started again")


async def stop_a_worker(stage: Stage) -> None:
    worker = stage.dice.choice(stage.fleet.workers)
    await worker.stop()
    stage.log(f"{worker.name} stopped (SIGTERM)")
    await asyncio.sleep(stage.some_time)
    await worker.start()
    stage.log(f"{worker.name} started again")


async def restart_postgres(stage: Stage) -> None:
    await stage.servers.postgres.stop()
    stage.log("PostgreSQL stopped")
    await asyncio.sleep(stage.some_time)
    await stage.servers.postgres.start()
    stage.log("PostgreSQL started again on the same data")


async def terminate_connections(stage: Stage) -> None:
    connection = await asyncpg.connect(stage.servers.database_url)
    try:
        number = await connection.fetchval(TERMINATE_OTHER_SESSIONS)
    finally:
        await connection.close()
    stage.log(f"{number} database connections terminated")


async def stop_temporal(stage: Stage) -> None:
    await stage.servers.temporal.stop()
    stage.log(f"Temporal stopped for {stage.temporal_outage:.0f} s")
    await asyncio.sleep(stage.temporal_outage)
    await stage.servers.temporal.start()
    stage.log("Temporal started again on the same data")


async def fail_at_the_gateways(stage: Stage) -> None:
    if stage.providers is not None:
        await _storm(stage, stage.providers)
        return
    kinds: dict[Operation, FaultKind] = {each: stage.dice.choice(get_args(FaultKind)) for each in get_args(Operation)}
    for operation, kind in kinds.items():
        delay = 1.0 if kind == "hang" else 0.0
        await _set(stage, operation, kind, delay)
    faults = ", ".join(f"{operation} {kind.replace('_', ' ')}" for operation, kind in kinds.items())
    stage.log(f"gateways fail at {GATEWAY_FAULTS:.0%} of calls: {faults}")
    await asyncio.sleep(_FAILING)
    await until_answered(stage.gateways.clear)
    late = await stage.gateways.deliver()
    stage.log(f"gateways work again, and {len(late)} lost calls arrive late")


async def _storm(stage: Stage, providers: Providers) -> None:
    providers.storm.share = GATEWAY_FAULTS
    stage.log(f"Stripe and EasyPost fail at {GATEWAY_FAULTS:.0%} of calls")
    await asyncio.sleep(_FAILING)
    stage.log(f"Stripe and EasyPost work again, and {providers.end_storm()} lost calls arrive late")


async def _set(stage: Stage, operation: Operation, kind: FaultKind, delay: float) -> None:
    await until_answered(lambda: stage.gateways.set(operation, kind, GATEWAY_FAULTS, delay_seconds=delay))


FAULTS: Final[dict[str, Callable[[Stage], Awaitable[None]]]] = {
    "worker killed": kill_a_worker,
    "worker stopped": stop_a_worker,
    "all workers killed": kill_all_workers,
    "dispatcher's owner killed": kill_the_dispatchers_owner,
    "PostgreSQL restarted": restart_postgres,
    "connections terminated": terminate_connections,
    "Temporal away": stop_temporal,
    "gateways failing": fail_at_the_gateways,
}
