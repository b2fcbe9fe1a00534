"""A PostgreSQL server as the image starts one: a superuser with a password, TCP, the files of its own data folder."""

import re
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deployment.ground import Ground
from embedded.child import Child, child
from embedded.ports import HOST

_START_LIMIT: Final = 120.0  # seconds
_STOP_LIMIT: Final = 60.0  # seconds, the stop_grace_period of docker-compose.yml
# pg_dump writes a key into these lines that is another in each run.
_CHANGING: Final = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)


@dataclass
class Server:
    """One server. name: of its data folder; bin: the programs; superuser: the first role, without a password at the socket."""

    ground: Ground
    bin: Path
    name: str
    port: int
    superuser: str
    password: str
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _process: Child | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def data(self) -> Path:
        return self.ground.folder / self.name

    @property
    def local(self) -> dict[str, str]:
        """The superuser's way in, for the programs of PostgreSQL."""
        return {"PGHOST": str(self.ground.folder), "PGPORT": str(self.port), "PGUSER": self.superuser}

    async def initialise(self) -> None:
        """Make the data folder with the rules of the image: trust at the socket, passwords by TCP."""
        secret = self.ground.folder / f"{self.name}.password"
        secret.write_text(self.password)
        rules = ("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
        argv = (self._program("initdb"), "-D", str(self.data), "-U", self.superuser, "--pwfile", str(secret), *rules)
        await self.ground.once(f"initdb-{self.name}", argv, {})

    async def start(self) -> None:
        """Start it and wait until it answers by TCP. Raises EmbeddedError with the end of its log."""
        options = (f"unix_socket_directories={self.ground.folder}", f"listen_addresses={HOST}", "max_wal_senders=4")
        settings = (each for option in options for each in ("-c", option))
        argv = (self._program("postgres"), "-D", str(self.data), "-p", str(self.port), *settings)
        job = self.ground.job(self.name, argv, {}, signal.SIGINT, _STOP_LIMIT)
        self._process = await self._stack.enter_async_context(child(job))
        await self._process.ready(self.answers, _START_LIMIT)

    async def answers(self) -> bool:
        """The health check of docker-compose.yml."""
        argv = (self._program("pg_isready"), "--host", HOST, "--port", str(self.port), "--username", self.superuser)
        code, _ = await self.ground.attempt(f"{self.name}-healthy", argv, {})
        return code == 0

    async def stop(self) -> None:
        """The fast shutdown that the image's SIGINT asks for; nothing where it does not run."""
        self._process = None
        await self._stack.aclose()

    async def kill(self) -> None:
        if self._process is not None:
            await self._process.kill()
        await self.stop()

    async def sql(self, statement: str, database: str = "postgres") -> str:
        """The superuser's statement, its answer as bare text."""
        argv = (self._program("psql"), "--no-psqlrc", "-AtX", "--set", "ON_ERROR_STOP=1", "-c", statement)
        return (await self.ground.once("psql", argv, self.local | {"PGDATABASE": database})).strip()

    async def schema(self, database: str) -> str:
        """Everything in a database but its rows."""
        argv = (self._program("pg_dump"), "--schema-only", database)
        return _CHANGING.sub("", await self.ground.once("pg_dump", argv, self.local))

    async def run(self, program: str, *arguments: str, given: Mapping[str, str]) -> str:
        """One of PostgreSQL's programs, as another role by TCP: given holds PGUSER and PGPASSWORD."""
        where = {"PGHOST": HOST, "PGPORT": str(self.port)}
        return await self.ground.once(program, (self._program(program), *arguments), where | dict(given))

    async def replica(self, name: str, port: int) -> "Server":
        """A streaming replica of it, started."""
        other = Server(self.ground, self.bin, name, port, self.superuser, self.password)
        argv = (self._program("pg_basebackup"), "-D", str(other.data), "-R", "-X", "stream", "--checkpoint=fast")
        await self.ground.once("pg_basebackup", argv, self.local)
        await other.start()
        return other

    async def promote(self) -> None:
        """Make a replica the primary."""
        await self.sql("select pg_promote(true, 60)")

    def _program(self, name: str) -> str:
        return str(self.bin / name)
