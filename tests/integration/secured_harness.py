"""PostgreSQL and Temporal behind TLS, with certificates for the test."""

import asyncio
import contextlib
import signal
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from embedded.account import account_for, hand_over
from embedded.child import Child, Job, child
from embedded.folders import throwaway_folder
from embedded.ports import free_ports
from tests.integration.certificates import Authority

OWNER_PASSWORD, APP_PASSWORD = "hunter2/of:the@owner", "hunter2/of:the@app"
_ASK_FOR_TLS: Final = struct.pack("!II", 8, 80877103)
_WHY: Final = b"SFATAL\0VFATAL\0C28000\0Mno entry for a connection without encryption\0\0"
_NO_ENCRYPTION: Final = b"E" + struct.pack("!I", len(_WHY) + 4) + _WHY


@dataclass
class SecuredPostgres:
    """A server behind `proxy` that requires TLS and a password. encrypted, refused: numbers of connections."""

    port: int
    server: Child
    authority: Path
    behind: int = 0
    encrypted: int = 0
    refused: int = 0

    def address(self, user: str, password: str, authority: Path | None = None, host: str = "localhost") -> str:
        """An operator's address: the certificate is checked against an authority."""
        account = f"{user}:{quote(password, safe='')}"
        tls = f"sslmode=verify-full&sslrootcert={authority or self.authority}"
        return f"postgresql://{account}@{host}:{self.port}/orders?{tls}"

    @property
    def owner(self) -> str:
        return self.address("orders_owner", OWNER_PASSWORD)

    @property
    def app(self) -> str:
        return self.address("orders", APP_PASSWORD)

    async def administer(self, *statements: str) -> None:
        """Execute a statement as the superuser, past the proxy."""
        await administer(self.behind, *statements)


@asynccontextmanager
async def secured_postgres(programs: Path, authority: Authority) -> AsyncIterator[SecuredPostgres]:
    """A server with the roles of docs/operations.md. The embedded server is built without TLS, so a proxy in front of
    it speaks PostgreSQL's TLS, and refuses connections without."""
    async with password_postgres(programs) as (behind, server):
        secured = SecuredPostgres(0, server, authority.file, behind)
        async with _postgres_proxy(secured, authority):
            yield secured


@asynccontextmanager
async def password_postgres(programs: Path) -> AsyncIterator[tuple[int, Child]]:
    """A server on a loopback port, with passwords and the roles of docs/operations.md: port and process."""
    [port] = free_ports(1)
    with throwaway_folder() as run:
        account = account_for(run / "data")
        (run / "password").write_text(OWNER_PASSWORD)
        (run / "hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        hand_over(run, account)
        await _initialise(programs, run, account)
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(run),
            "hba_file": str(run / "hba.conf"),
            "fsync": "off",
        }
        settings = (each for name, value in options.items() for each in ("-c", f"{name}={value}"))
        argv = (str(programs / "postgres"), "-D", str(run / "data"), "-p", str(port), *settings)
        async with child(Job("PostgreSQL", argv, run / "postgres.log", signal.SIGINT, account=account)) as server:
            await server.ready(lambda: _answers(port), 60)
            await administer(
                port,
                "create role orders_app nologin",
                f"create role orders_owner login password '{OWNER_PASSWORD}'",
                f"create role orders login password '{APP_PASSWORD}'",
                "grant orders_app to orders_owner, orders",
                "create database orders owner orders_owner",
            )
            yield port, server


async def administer(port: int, *statements: str) -> None:
    """Execute a statement as the superuser of a server with passwords."""
    connection = await asyncpg.connect(
        host="127.0.0.1", port=port, user="postgres", password=OWNER_PASSWORD, database="postgres", ssl=False
    )
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def _postgres_proxy(secured: SecuredPostgres, authority: Authority) -> AsyncIterator[None]:
    context = _server_context(authority)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(_ASK_FOR_TLS)) != _ASK_FOR_TLS:
            secured.refused += 1
            writer.write(_NO_ENCRYPTION)
            await writer.drain()
            return
        writer.write(b"S")
        await writer.start_tls(context)
        secured.encrypted += 1
        await join(reader, writer, *await asyncio.open_connection("127.0.0.1", secured.behind))

    async with _listening(serve) as port:
        secured.port = port
        yield


async def _initialise(programs: Path, run: Path, account: tuple[int, int] | None) -> None:
    argv = ("-D", str(run / "data"), "-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(run / "password"))
    job = Job(
        "initdb", (str(programs / "initdb"), *argv, "--no-sync"), run / "initdb.log", signal.SIGINT, account=account
    )
    async with child(job) as initdb:
        await initdb.finished()


async def _answers(port: int) -> bool:
    try:
        await administer(port, "select 1")
    except (OSError, asyncpg.CannotConnectNowError):
        return False
    return True


@dataclass
class TemporalProxy:
    """Terminates TLS in front of a Temporal server without it, and keeps the bytes that clients sent."""

    port: int
    authority: Path
    received: bytearray = field(default_factory=bytearray)
    refusing: bool = False

    @property
    def environment(self) -> dict[str, str]:
        return {
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self.port}",
            "TEMPORAL_TLS": "true",
            "TEMPORAL_TLS_SERVER_NAME": "localhost",
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(self.authority),
        }


@asynccontextmanager
async def temporal_proxy(
    address: str, authority: Authority, *, tls: bool = True, clients: Authority | None = None
) -> AsyncIterator[TemporalProxy]:
    """clients: the authority that a client's own certificate must be of. tls: False forwards bytes unchanged."""
    context = _server_context(authority)
    context.set_alpn_protocols(["h2"])
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)
    host, _, port = address.rpartition(":")
    proxy = TemporalProxy(0, authority.file)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not proxy.refusing:
            far = await asyncio.open_connection(host, int(port))
            await join(reader, writer, *far, received=proxy.received, ended=lambda: proxy.refusing)

    async with _listening(serve, context if tls else None) as proxy.port:
        yield proxy


def _server_context(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue("localhost"))
    return context


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _listening(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve each connection until the block ends; yields the port."""
    connections: set[asyncio.Task[None]] = set()

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        connections.add(task)
        try:
            # A client that rejects our certificate or disconnects is no error of the proxy.
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            writer.close()
            connections.discard(task)

    server = await asyncio.start_server(each, "127.0.0.1", 0, ssl=context, limit=2**20)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        open_still = list(connections)
        for task in open_still:
            task.cancel()
        await asyncio.gather(*open_still, return_exceptions=True)


async def join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
    received: bytearray | None = None,
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """Forward both ways until one side has ended. received: collects the near side's bytes."""

    async def hand_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, received: bytearray | None) -> None:
        while (data := await source.read(65536)) and not ended():
            if received is not None:
                received += data
            target.write(data)
            await target.drain()

    ways = [
        asyncio.create_task(hand_on(reader, far_writer, received)),
        asyncio.create_task(hand_on(far_reader, writer, None)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far_writer.close()


# A part of the Huffman code of HTTP/2's headers (RFC 7541, appendix B): (code, bits) of the characters of our test's key.
_HUFFMAN: Final = {
    **{c: (n, 5) for n, c in enumerate("012aceiost")},
    **{c: (0x14 + n, 6) for n, c in enumerate(" %-./3456789=A_bdfghlmnpru")},
    "B": (0x5D, 7),
}


def as_header_value(text: str) -> bytes:
    """The value as encoded in an HTTP/2 stream, without an incomplete last byte."""
    bits = "".join(f"{code:0{width}b}" for code, width in (_HUFFMAN[c] for c in text))
    whole = len(bits) // 8 * 8
    return int(bits[:whole], 2).to_bytes(whole // 8)
