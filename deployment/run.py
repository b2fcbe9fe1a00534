"""One run: the programs found, everything brought up, the stages one after another, everything stopped and nothing left."""

import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from deployment.compose import Compose, read_compose
from deployment.deployed import Deployment, new_deployment
from deployment.ground import Ground, prepared_ground
from deployment.moves import dump_and_restore, fail_over, upgrade
from deployment.programs import Missing, postgres_programs, temporal_programs
from deployment.report import NotTested, Report, Wrong
from deployment.stages import bring_up, kill, restart_postgres, rolling_restart, take_orders, up_again

Stage = Callable[[Deployment], Awaitable[str]]
# Characters that an address would take for its own.
PASSWORDS: Final = {"ORDERS_DB_PASSWORD": "a/b:c@d%20?e#f", "ORDERS_DB_OWNER_PASSWORD": "o'w/n:e@r %"}
_NOT_RUN: Final = "docker compose itself, the images, temporal-ui, prometheus, alertmanager, grafana"


async def run(report: Report, since: str) -> None:
    """Go through all stages. since: the commit that the upgrade begins with."""
    report.note(_NOT_RUN)
    compose = read_compose(PASSWORDS)
    try:
        postgres = postgres_programs()
    except Missing as error:
        await report.stage("bring-up", partial(_not_tested, str(error)))
        return
    server = await _server(report, compose)
    programs = tuple(each for each in (server, postgres) if each is not None)
    async with prepared_ground(compose, programs) as ground:
        await _through(report, new_deployment(ground, postgres, server), since)


async def _server(report: Report, compose: Compose) -> Path | None:
    """The folder of Temporal's own server; None, with a note, for the development server in its place."""
    try:
        return await temporal_programs(compose.service("temporal", {}).version)
    except Missing as error:
        report.note(
            f"temporal, temporal-schema, temporal-postgres: {error}; the development server runs in their place"
        )
        return None


async def _through(report: Report, deployment: Deployment, since: str) -> None:
    stages: dict[str, Stage] = {
        "bring-up": bring_up,
        "second up": up_again,
        "orders": take_orders,
        "rolling restart": rolling_restart,
        "kill -9": kill,
        "servers restarted": restart_postgres,
        "dump and restore": dump_and_restore,
        "upgrade": partial(upgrade, since=since),
        "fail-over with loss": fail_over,
    }
    try:
        for name, stage in stages.items():
            await report.stage(name, partial(stage, deployment))
    finally:
        kept = _keep_logs(deployment.ground) if not report.good else None
        await report.stage("down", partial(_down, deployment), always=True)
    if kept:
        report.note(f"the logs are in {kept}")


async def _down(deployment: Deployment) -> str:
    """`docker compose down`. Raises Wrong where a process did not leave in order, or is left."""
    bad = await deployment.system.down()
    await deployment.close()
    if left := deployment.ground.left():
        bad.append(f"still running: {'; '.join(left)}")
    if bad:
        raise Wrong("; ".join(bad))
    return "all services stopped, no process of the deployment is left"


def _keep_logs(ground: Ground) -> Path:
    """A copy of the logs of a failed run, beyond the end of its folder."""
    folder = Path(f"{ground.folder}-logs")
    folder.mkdir(mode=0o700)
    for log in (*ground.folder.glob("*.log"), *ground.folder.glob("system-*/*.log")):
        shutil.copy(log, folder / "-".join(log.relative_to(ground.folder).parts))
    return folder


async def _not_tested(reason: str) -> str:
    raise NotTested(reason)
