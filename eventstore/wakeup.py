"""Wake-ups for readers: hints only. Readers poll as well, and so miss no event."""

import asyncio
import contextlib
import uuid
from collections.abc import Iterator

import asyncpg
import structlog

from eventstore.errors import DATABASE_AWAY
from eventstore.looper import Looper
from eventstore.statements import NOTIFY

CHANNEL = "eventstore"
# NOTIFY holds a cluster-wide lock through its commit: never in an append's transaction, the first at once, then one in 50 ms.
_COALESCE = 0.050
_RECONNECT = 1.0
_log = structlog.get_logger(__name__)


class Wakeup:
    """Wakes the readers of this process at once, and of other processes by a coalesced NOTIFY."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiters: set[asyncio.Event] = set()
        self._pending: asyncio.Task[None] | None = None
        self._again = False
        self._sender = uuid.uuid4().hex

    def appended(self) -> None:
        """Announce a commit to all readers."""
        self.ring()
        if self._pending is None or self._pending.done():
            self._pending = asyncio.create_task(self._notify())
        else:
            self._again = True

    def ring(self) -> None:
        """Wake this process's readers."""
        for waiter in self._waiters:
            waiter.set()

    @contextlib.contextmanager
    def subscribe(self) -> Iterator[asyncio.Event]:
        """An event that is set at every wake-up; the reader clears it before it reads."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            yield waiter
        finally:
            self._waiters.discard(waiter)

    async def flush(self) -> None:
        """Wait until pending announcements are sent: for programs that append and exit."""
        if self._pending is not None:
            await self._pending

    async def _notify(self) -> None:
        while True:
            self._again = False
            try:
                await self._pool.execute(NOTIFY, CHANNEL, self._sender)
            except DATABASE_AWAY as error:
                _log.debug("wake-up not sent, readers will poll", error=str(error))
            await asyncio.sleep(_COALESCE)
            if not self._again:
                return

    async def listen(self, dsn: str) -> None:
        """Forward other processes' wake-ups to this process's readers, for ever: a lost connection is replaced."""
        log = _log.bind(consumer="wake-ups")
        await Looper(log, lambda: self._listen_once(dsn), retried=DATABASE_AWAY, longest=_RECONNECT).run()

    def _on_notify(self, connection: object, pid: int, channel: str, sender: object) -> None:
        if sender != self._sender:  # our own readers were woken when it was committed
            self.ring()

    async def _listen_once(self, dsn: str) -> float:
        connection = await asyncpg.connect(dsn, timeout=5)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._on_notify)
            self.ring()
            await lost.wait()
            return _RECONNECT
        finally:
            connection.terminate()
