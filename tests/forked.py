"""Commands that a fork server runs, with the interface of asyncio's own processes."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

LENGTH: Final = struct.Struct("!I")
ANSWER: Final = struct.Struct("!ii")  # process id, exit code as of subprocess.Popen
ROOT = Path(__file__).resolve().parents[1]
START_LIMIT = 120.0  # seconds
PIPE = asyncio.subprocess.PIPE
NOTHING = os.open(os.devnull, os.O_RDONLY)  # as standard input


@dataclass
class Forked:
    """A command that runs: as `asyncio.subprocess.Process`."""

    pid: int
    stdin: asyncio.StreamWriter | None
    stdout: asyncio.StreamReader | None
    stderr: asyncio.StreamReader | None
    _answers: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    returncode: int | None = None
    _ended: asyncio.Task[int] = field(init=False)

    def __post_init__(self) -> None:
        self._ended = asyncio.create_task(self._end())

    async def _end(self) -> int:
        answers, connection = self._answers
        _, self.returncode = ANSWER.unpack(await answers.readexactly(ANSWER.size))
        connection.close()
        return self.returncode

    async def wait(self) -> int:
        """Wait for the end; return the exit code, the negative signal where one ended it."""
        return await asyncio.shield(self._ended)

    async def communicate(self, given: bytes | None = None) -> tuple[bytes, bytes]:
        """Send standard input, close it, read the outputs to their end, and wait. Without a pipe an output is empty."""
        out, err, _ = await asyncio.gather(_read(self.stdout), _read(self.stderr), self._feed(given))
        await self.wait()
        return out, err

    async def _feed(self, given: bytes | None) -> None:
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.stdin.write(given or b"")
                await self.stdin.drain()
            self.stdin.close()

    def send_signal(self, number: int) -> None:
        """Send a signal, if it has not ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


class ForkServer:
    """The fork server of this process, started at its first command."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._process: subprocess.Popen[bytes] | None = None

    async def start(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        stdin: int = NOTHING,
        stdout: int = PIPE,
        stderr: int = PIPE,
    ) -> Forked:
        """Run a command. Each stream is PIPE or a descriptor."""
        connection = self._connected()
        request = {"arguments": arguments, "folder": str(folder), "environment": environment}
        message = json.dumps(request).encode()
        with contextlib.ExitStack() as given:
            read, fed = _pipe(given, read=True) if stdin == PIPE else (stdin, None)
            written, shown = _pipe(given) if stdout == PIPE else (stdout, None)
            reported, errors = _pipe(given) if stderr == PIPE else (stderr, None)
            socket.send_fds(connection, [LENGTH.pack(len(message))], [read, written, reported])
            connection.sendall(message)
        answers, _ = opened = await asyncio.open_unix_connection(sock=connection)
        pid, _ = ANSWER.unpack(await answers.readexactly(ANSWER.size))
        return Forked(pid, await _writer(fed), await _reader(shown), await _reader(errors), opened)

    def _connected(self) -> socket.socket:
        path = Path(self._folder.name, "socket")
        if self._process is None:
            program = (sys.executable, "-m", "tests.fork_server", path)
            self._process = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE)
        deadline = time.monotonic() + START_LIMIT
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(path))
            except OSError:
                connection.close()
                assert self._process.poll() is None, f"the fork server ended with {self._process.returncode}"
                assert time.monotonic() < deadline, f"no fork server after {START_LIMIT} s"
                time.sleep(0.02)
            else:
                return connection

    def stop(self) -> None:
        """End the server. Its running commands go on."""
        if self._process is not None:
            self._process.communicate()
        self._folder.cleanup()


def _pipe(given: contextlib.ExitStack, *, read: bool = False) -> tuple[int, IO[bytes]]:
    """The end of a new pipe for a command, closed here with the block, and the end for this process."""
    reading, writing = os.pipe()
    theirs, ours = (reading, writing) if read else (writing, reading)
    given.callback(os.close, theirs)
    return theirs, open(ours, "wb" if read else "rb", buffering=0)


async def _reader(end: IO[bytes] | None) -> asyncio.StreamReader | None:
    if end is None:
        return None
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), end)
    return reader


async def _writer(end: IO[bytes] | None) -> asyncio.StreamWriter | None:
    if end is None:
        return None
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, end)
    return asyncio.StreamWriter(transport, protocol, None, loop)


SERVER = ForkServer()
