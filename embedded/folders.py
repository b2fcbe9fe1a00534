"""Temporary folders, and the lock on a persistent one."""

import asyncio
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from embedded.errors import EmbeddedError

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_LIMIT = 100  # bytes: a socket's address holds 104 on macOS and 108 on Linux, its end included
DEATH = 0.5  # seconds in which a killed run releases its lock
HANDOVER = 60.0  # seconds that its servers may take for a graceful stop


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Create a folder with a path short enough for a socket in it; deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="orders-", dir=_short_base()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _short_base() -> str:
    bases = (tempfile.gettempdir(), "/tmp", "/var/tmp")
    room = SOCKET_LIMIT - len(f"/orders-12345678/{SOCKET_NAME}")
    return next(base for base in bases if len(os.fsencode(base)) <= room and os.access(base, os.W_OK))


def private_folder(folder: Path) -> None:
    """Create the folder with access for its owner alone, or restrict an existing one and its entries.

    It holds data, logs and addresses. Entries of its subfolders are not changed. EmbeddedError if that is not permitted.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for entry in os.scandir(folder):
            if not entry.is_symlink():
                os.chmod(entry.path, 0o700 if entry.is_dir() else 0o600)
    except OSError as error:
        raise _not_ours(folder, error) from error


def _not_ours(folder: Path, error: OSError) -> EmbeddedError:
    return EmbeddedError(f"Cannot keep data in {folder} ({error}). Make it ours, or use another folder.")


@asynccontextmanager
async def locked_folder(folder: Path) -> AsyncIterator[int]:
    """Create the folder, for its owner alone, and lock it for this run; yields the lock that its servers must inherit.

    This process alone holds the first lock: while its holder lives, another run fails with an EmbeddedError that names
    the holder. The second is free once the last server of a run has ended: servers of a killed run get time to stop.
    """
    private_folder(folder)
    with _lock_file(folder, "lock") as ours, _lock_file(folder, "servers.lock") as servers:
        if not await _acquired(ours, DEATH):
            holder = os.pread(ours, 20, 0).decode().strip()
            raise EmbeddedError(
                f"Process {holder} already runs its services in {folder}. Stop it first, or use another folder."
            )
        os.ftruncate(ours, 0)
        os.pwrite(ours, f"{os.getpid()}\n".encode(), 0)
        if not await _acquired(servers, HANDOVER):
            raise EmbeddedError(f"The servers of an earlier run in {folder} do not end. Stop them first.")
        yield servers


@contextmanager
def _lock_file(folder: Path, name: str) -> Iterator[int]:
    try:
        descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _not_ours(folder, error) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def _acquired(lock: int, patience: float) -> bool:
    """True if the lock was acquired within that many seconds."""
    deadline = time.monotonic() + patience
    while not _acquire(lock):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _acquire(lock: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
