"""The stages on one version and one database: bring-up, orders, restarts and kills."""

import asyncio
from typing import Final

from deployment.deployed import ROLES_SCRIPT, Deployment
from deployment.report import Wrong
from deployment.temporal import set_up_namespace

ORDERS: Final = 200
RATE: Final = 2.0  # orders a second while something is restarted


async def bring_up(deployment: Deployment) -> str:
    """The first `docker compose up`: every service once what it waits for is there."""
    for server in deployment.servers:
        await server.initialise()
        await server.start()
    await _roles(deployment)
    await deployment.temporal.set_up()
    await deployment.temporal.start()
    await set_up_namespace(deployment.ground, deployment.temporal.port, deployment.system.where.namespace)
    await deployment.system.up()
    await deployment.stock(deployment.system)
    code, output = await deployment.system.command("health")
    if code:
        raise Wrong(f"orders health: {output}")
    names = [each.name for each in deployment.servers] + [each.name for each in deployment.system.processes]
    return f"{', '.join(names)} and Temporal; orders health exits with 0"


async def _roles(deployment: Deployment) -> None:
    """The image's work on an empty data folder: the database, then the scripts of its folder."""
    given = deployment.ground.compose.service("postgres", {}).environment
    await deployment.postgres.sql(f"create database {given['POSTGRES_DB']}")
    script = deployment.ground.compose.root / ROLES_SCRIPT
    environment = {**given, **deployment.postgres.local, "POSTGRES_USER": deployment.postgres.superuser}
    await deployment.ground.once("roles", ("/bin/sh", str(script)), environment)


async def up_again(deployment: Deployment) -> str:
    """The second `docker compose up`: the services that end by themselves run again, and change nothing."""
    before = await _schemas(deployment)
    await deployment.one_shots()
    changed = [name for name, schema in (await _schemas(deployment)).items() if schema != before[name]]
    if changed:
        raise Wrong(f"changed by the second run: {', '.join(changed)}")
    return f"the services that end by themselves ran again; {', '.join(before)} as before"


async def _schemas(deployment: Deployment) -> dict[str, str]:
    found = {"orders": await deployment.postgres.schema("orders")}
    if deployment.temporal_database is not None:
        for database in ("temporal", "temporal_visibility"):
            found[database] = await deployment.temporal_database.schema(database)
    return found


async def take_orders(deployment: Deployment) -> str:
    await deployment.shop.place(ORDERS)
    return f"{ORDERS} orders placed by HTTP; {await deployment.books_hold()}"


async def rolling_restart(deployment: Deployment) -> str:
    """SIGTERM to one process after another while orders flow, each started again before the next one stops."""
    bad = []
    async with deployment.shop.flowing(RATE):
        for process in deployment.system.processes:
            await asyncio.sleep(1)
            if (code := await process.stop()) != 0:
                bad.append(f"{process.name} left with exit code {code}")
            await process.start()
        await deployment.system.ready()
    if bad:
        raise Wrong("; ".join(bad))
    return f"workers and API one by one, all left with exit code 0; {await deployment.books_hold()}"


async def kill(deployment: Deployment) -> str:
    """kill -9 of the worker with all roles, of another worker and of the API, while orders flow."""
    assert deployment.system.api is not None
    victims = [*deployment.system.workers[:2], deployment.system.api]
    async with deployment.shop.flowing(RATE):
        for process in victims:
            await asyncio.sleep(2)
            await process.kill()
            await asyncio.sleep(1)
            await process.start()
        await deployment.system.ready()
    return f"kill -9 of {', '.join(each.name for each in victims)}; {await deployment.books_hold()}"


async def restart_postgres(deployment: Deployment) -> str:
    """Both databases and Temporal's server are restarted under the processes, which stay."""
    async with deployment.shop.flowing(RATE):
        for server in deployment.servers:
            await asyncio.sleep(2)
            await server.stop()
            await asyncio.sleep(1)
            await server.start()
        await asyncio.sleep(2)
        await deployment.temporal.stop()
        await deployment.temporal.start()
    ended = [found for each in deployment.system.processes if (found := each.ended_by_itself)]
    if ended:
        raise Wrong("; ".join(ended))
    names = ", ".join(each.name for each in deployment.servers)
    return f"{names} and Temporal stopped and started under the processes; {await deployment.books_hold()}"
