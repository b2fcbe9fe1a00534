"""Our own services of docker-compose.yml: migrate, worker, more-workers and api, of one version on one database."""

import asyncio
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson

from chaos.fleet import Worker
from deployment.compose import ROOT, Compose, read_compose
from deployment.ground import Ground
from embedded.errors import EmbeddedError
from embedded.ports import HOST, free_ports

MORE_WORKERS: Final = 2
_GRACE: Final = 45.0  # seconds, the stop_grace_period of docker-compose.yml
_READY_LIMIT: Final = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Where:
    """A system's servers and version. postgres, temporal: host:port; root: the copy of the project whose version runs."""

    postgres: str
    temporal: str
    api_port: int
    database: str = "orders"
    namespace: str = "orders"
    root: Path = ROOT


@dataclass
class System:
    """The processes, to be started, stopped, killed and replaced one by one."""

    ground: Ground
    where: Where
    workers: list[Worker] = field(default_factory=list)
    api: Worker | None = None

    def __post_init__(self) -> None:
        self._logs = self.ground.logs()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.where.api_port}"

    async def up(self) -> None:
        """`docker compose --profile scale up --scale more-workers=2`: migrate, then everything that waits for it."""
        await self.migrate()
        await self.serve()

    async def serve(self) -> None:
        """Start everything that waits for migrate."""
        self.workers = [self._process("worker", "worker")]
        self.workers += [self._process("more-workers", f"more-workers-{each + 1}") for each in range(MORE_WORKERS)]
        self.api = self._process("api", "api")
        await asyncio.gather(*(each.start() for each in self.processes))
        await self.ready()

    async def migrate(self) -> None:
        service = "migrate"
        await self.ground.once(service, self._argv(service), self._environment(service))

    async def down(self) -> list[str]:
        """Stop all in order. Returns the processes that did not leave with exit code 0."""
        codes = await asyncio.gather(*(each.stop() for each in self.processes))
        pairs = zip(self.processes, codes, strict=True)
        return [f"{each.name} left with exit code {code}" for each, code in pairs if code not in (0, None)]

    async def replace(self, old: "System") -> None:
        """Take over from a running system, process by process: each starts once its predecessor has stopped."""
        for process in old.processes:
            await process.stop()
            service = "more-workers" if process.name.startswith("more-workers") else process.name
            successor = self._process(service, process.name)
            if service == "api":
                self.api = successor
            else:
                self.workers.append(successor)
            await successor.start()
        await self.ready()

    async def ready(self) -> None:
        """Wait for the health check that docker-compose.yml gives the api. Raises EmbeddedError with its last answer."""
        last = "no answer"
        async with httpx.AsyncClient(base_url=self.url) as client:
            for _ in range(int(_READY_LIMIT / 0.5)):
                try:
                    answer = await client.get("/readyz")
                except httpx.TransportError as error:
                    last = str(error)
                else:
                    if answer.status_code == httpx.codes.OK:
                        return
                    last = answer.text
                await asyncio.sleep(0.5)
        raise EmbeddedError(f"/readyz is not OK after {_READY_LIMIT:.0f} s: {last}")

    async def command(self, *arguments: str) -> tuple[int, str]:
        """`docker compose exec worker orders …`, with the owner's address besides: the exit code and the output."""
        environment = {**self._environment("worker"), "DATABASE_OWNER_URL": self.owner_url}
        environment = {name: value for name, value in environment.items() if "METRICS_ADDRESS" not in name}
        return await self.ground.attempt(f"orders-{arguments[0]}", self._program(*arguments), environment)

    @property
    def processes(self) -> list[Worker]:
        return [*self.workers, *([] if self.api is None else [self.api])]

    def _process(self, service: str, name: str) -> Worker:
        metrics, temporal_metrics = free_ports(2)
        own = {
            "ORDERS_METRICS_ADDRESS": f"{HOST}:{metrics}",
            "ORDERS_TEMPORAL_METRICS_ADDRESS": f"{HOST}:{temporal_metrics}",
        }
        if service == "api":
            own["ORDERS_API_ADDRESS"] = f"{HOST}:{self.where.api_port}"
        return Worker(
            name=name,
            folder=self._logs,
            environment=self.ground.environment(self._environment(service) | own),
            argv=self._argv(service),
            account=self.ground.account,
            limit=_GRACE,
        )

    def _argv(self, service: str) -> tuple[str, ...]:
        """The service's command behind the image's entry point `orders`."""
        return self._program(*self._compose().service(service, {}).arguments)

    def _program(self, *arguments: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "cli", *arguments)

    def _environment(self, service: str) -> dict[str, str]:
        places = {"postgres:5432": self.where.postgres, "temporal:7233": self.where.temporal}
        given = dict(self._compose().service(service, places).environment)
        given["DATABASE_URL"] = re.sub(r"/orders$", f"/{self.where.database}", given["DATABASE_URL"])
        if "TEMPORAL_NAMESPACE" in given:
            given["TEMPORAL_NAMESPACE"] = self.where.namespace
        return given | {"PYTHONPATH": str(self.where.root)}

    @property
    def owner_url(self) -> str:
        """The address of the service migrate with its password in it: PGPASSWORD is the login's."""
        given = self._environment("migrate")
        return given["DATABASE_URL"].replace("@", f":{quote(given['PGPASSWORD'], safe='')}@")

    def _compose(self) -> Compose:
        """The file of the version that runs: another version may have other variables."""
        if self.where.root == self.ground.compose.root:
            return self.ground.compose
        return read_compose(self.ground.compose.variables, self.where.root)


def last_document(output: str) -> dict[str, Any]:
    """The JSON document that a command printed last, among its log lines; empty where it printed none."""
    document = next((line for line in reversed(output.splitlines()) if line.startswith("{")), "{}")
    found: dict[str, Any] = orjson.loads(document)
    return found
