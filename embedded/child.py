"""Child processes under a guard, so that none outlives this process, however it ends."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import EmbeddedError

GUARD = Path(__file__).with_name("guard.py")
POLL = 0.01  # seconds between two checks of a starting server
TAIL = 15  # lines of the log that an error shows
KILL = signal.SIGUSR1  # asks the guard to kill


@dataclass(frozen=True)
class Job:
    """A program to run.

    name     for people
    argv     absolute path of the program first
    log      file for its output, truncated at the start
    stop     signal for a graceful stop, which may take `limit` seconds
    account  (uid, gid) to run as, None for our own
    remove   folders to delete at the end, also when this process is killed
    lock     descriptor that the child keeps open while it lives
    environment  all its variables, None for our own
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    stop: signal.Signals
    limit: float = 30
    account: tuple[int, int] | None = None
    remove: tuple[Path, ...] = ()
    lock: int | None = None
    environment: dict[str, str] | None = None

    def order(self) -> str:
        return json.dumps(
            {
                "argv": self.argv,
                "stop": self.stop,
                "limit": self.limit,
                "account": self.account,
                "remove": [str(each) for each in self.remove],
            }
        )


@dataclass(frozen=True)
class Child:
    """A job in progress."""

    job: Job
    process: asyncio.subprocess.Process

    @property
    def lives(self) -> bool:
        return self.process.returncode is None

    async def finished(self) -> None:
        """Wait for the end of a job that ends by itself; EmbeddedError unless its exit code is 0."""
        if await self.process.wait() != 0:
            raise self.failure(f"{self.job.name} failed with exit code {self.process.returncode}")

    async def kill(self) -> None:
        """Kill it with SIGKILL; no effect if it has ended."""
        if self.lives:
            self.process.send_signal(KILL)
        await self.process.wait()

    async def ready(self, answers: Callable[[], Awaitable[bool]], limit: float) -> None:
        """Wait until `answers` is true; EmbeddedError if the job ends first, or after `limit` seconds."""
        deadline = time.monotonic() + limit
        while not await answers():
            if not self.lives:
                raise self.failure(f"{self.job.name} ended at its start, exit code {self.process.returncode}")
            if time.monotonic() > deadline:
                raise self.failure(f"{self.job.name} does not answer after {limit:.0f} s")
            await asyncio.sleep(POLL)

    def failure(self, message: str) -> EmbeddedError:
        lines = self.job.log.read_text(errors="replace").splitlines()[-TAIL:]
        return EmbeddedError("\n  ".join([f"{message}. The end of {self.job.log}:", *(lines or ["(empty)"])]))


@asynccontextmanager
async def child(job: Job) -> AsyncIterator[Child]:
    """Start the job; stop it gracefully at the end of the block."""
    ours, theirs = _pipe()
    try:
        process = await _start(job, theirs)
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    try:
        yield Child(job, process)
    finally:
        os.close(ours)
        await process.wait()


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    return writer, reader


async def _start(job: Job, stdin: int) -> asyncio.subprocess.Process:
    with os.fdopen(_opened(job.log), "wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(GUARD), job.order()),
            stdin=stdin,
            stdout=log,
            stderr=log,
            cwd="/",  # the child's account may not be able to enter ours
            start_new_session=True,
            env=job.environment,
            pass_fds=() if job.lock is None else (job.lock,),
        )


def _opened(log: Path) -> int:
    """Open the log truncated and readable by its owner alone: programs write addresses and statements to it."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor
