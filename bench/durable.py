"""Durable servers: PostgreSQL with fsync, and Temporal's own server on a PostgreSQL of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from bench.processes import child_with
from bench.runner import Servers, SideFailed
from deployment.compose import Compose, read_compose
from deployment.ground import prepared_ground
from deployment.postgres import Server
from deployment.programs import Missing, postgres_programs, temporal_programs
from deployment.temporal import BuiltServer, low_ports, set_up_namespace
from embedded.folders import throwaway_folder
from embedded.ports import HOST, free_ports
from embedded.postgres import run_postgres
from embedded.temporal import NAMESPACE

_DATABASE: Final = "temporal-postgres"  # a service of docker-compose.yml
_PASSWORDS: Final = {"ORDERS_DB_PASSWORD": "bench", "ORDERS_DB_OWNER_PASSWORD": "bench"}


@asynccontextmanager
async def durable_servers() -> AsyncIterator[Servers]:
    """Both, on throwaway data. Raises SideFailed where a program of theirs is missing."""
    compose = read_compose(_PASSWORDS)
    try:
        temporal, postgres = await temporal_programs(compose.service("temporal", {}).version), postgres_programs()
    except Missing as error:
        raise SideFailed(str(error)) from None
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(throwaway_folder())
        ours = await stack.enter_async_context(run_postgres(folder / "postgres", durable=True))
        address = await _run_temporal(stack, compose, temporal, postgres)
        programs = {"server": temporal / "temporal-server", "database": ours.bin / "postgres"}
        found = {name: child_with(f'"{path}"'.encode()) for name, path in programs.items()}
        found["temporal_database"] = child_with(f'"{postgres / "postgres"}"'.encode())
        yield Servers(ours, address, {name: pid for name, pid in found.items() if pid is not None})


async def _run_temporal(stack: AsyncExitStack, compose: Compose, programs: Path, postgres: Path) -> str:
    """Start Temporal's database and server; its address."""
    ground = await stack.enter_async_context(prepared_ground(compose, (programs, postgres)))
    given = compose.service(_DATABASE, {}).environment
    [port] = free_ports(1)
    database = Server(ground, postgres, _DATABASE, port, given["POSTGRES_USER"], given["POSTGRES_PASSWORD"])
    server = BuiltServer(ground, programs, database, low_ports(1)[0])
    await database.initialise()
    stack.push_async_callback(database.stop)
    await database.start()
    await server.set_up()
    stack.push_async_callback(server.stop)
    await server.start()
    await set_up_namespace(ground, server.port, NAMESPACE)
    return f"{HOST}:{server.port}"
