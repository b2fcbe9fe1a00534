"""The place on this machine where a deployment runs: folder, account, ports, and what may be left there at the end."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from uuid import uuid4

from deployment.compose import Compose
from embedded.account import account_for, hand_over
from embedded.child import Job, child
from embedded.folders import throwaway_folder

_MARK: Final = "ORDERS_DEPLOYMENT_TEST"


@dataclass(frozen=True)
class Ground:
    """account: (uid, gid) that everything runs as, None for our own; programs: folders that scripts find programs in."""

    compose: Compose
    folder: Path
    account: tuple[int, int] | None
    programs: tuple[Path, ...]
    mark: str = field(default_factory=lambda: str(uuid4()))
    _numbers: Iterator[int] = field(default_factory=count)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """A process's environment: nothing of ours but the places of programs and files."""
        return {
            "PATH": os.pathsep.join((*map(str, self.programs), "/usr/local/bin", "/usr/bin", "/bin")),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            _MARK: self.mark,
            **given,
        }

    def job(
        self, name: str, argv: tuple[str, ...], given: Mapping[str, str], stop: signal.Signals, limit: float
    ) -> Job:
        """A process of the deployment, with a log of its own."""
        return Job(
            name=name,
            argv=argv,
            log=self.folder / f"{name}-{next(self._numbers)}.log",
            stop=stop,
            limit=limit,
            account=self.account,
            environment=self.environment(given),
        )

    def logs(self) -> Path:
        """A new folder for the logs of one system, so that its successor's do not replace them."""
        folder = self.folder / f"system-{next(self._numbers)}"
        folder.mkdir()
        return folder

    async def attempt(self, name: str, argv: tuple[str, ...], given: Mapping[str, str]) -> tuple[int, str]:
        """The exit code and the output of a program that ends by itself."""
        job = self.job(name, argv, given, signal.SIGTERM, 30)
        async with child(job) as running:
            code = await running.process.wait()
        return code, job.log.read_text(errors="replace")

    async def once(self, name: str, argv: tuple[str, ...], given: Mapping[str, str]) -> str:
        """The output of a program that has to succeed. Raises EmbeddedError with the end of its log."""
        job = self.job(name, argv, given, signal.SIGTERM, 30)
        async with child(job) as running:
            await running.finished()
        return job.log.read_text(errors="replace")

    def left(self) -> list[str]:
        """Processes of the deployment that live: by the mark in their environment, or by their folder."""
        return [f"{pid}: {' '.join(argv)}" for pid, argv in self._processes()]

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                # PostgreSQL writes its titles over its environment, and works in its data folder.
                ours = self.mark.encode() in (process / "environ").read_bytes() or Path(
                    os.readlink(process / "cwd")
                ).is_relative_to(self.folder)
                argv = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if ours and argv != [""]:
                yield int(process.name), argv


@asynccontextmanager
async def prepared_ground(compose: Compose, programs: tuple[Path, ...]) -> AsyncIterator[Ground]:
    """A folder that belongs to an ordinary user, also where root runs this."""
    with throwaway_folder() as folder:
        account = account_for(folder)
        hand_over(folder, account)
        yield Ground(compose, folder, account, (*programs, Path(sys.executable).parent))
