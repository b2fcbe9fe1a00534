"""A process that imports the program once and forks for each command: `python -m tests.fork_server SOCKET`.

A command of the tests is a process of its own with its exit code, outputs and signals, without the half second of CPU that
the imports take. The commands' own start is tested where it matters: tests/unit/test_completion.py,
tests/integration/test_cli_documented.py, tests/integration/test_image.py.
"""

import gc
import io
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from cli import main
from cli.commands import COMMANDS, load_command
from tests.forked import ANSWER, LENGTH

# Imported by a command only when it runs.
IMPORTED_LATE: Final = ("rich.markdown", "telemetry.process", "temporal", "uvloop", "web.app", "web.server", "worker")


def serve(path: str) -> None:
    """Fork for each request until standard input ends. Returns in each child, as the process of its command."""
    _import_program()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a terminal is sent to the whole group
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        woken, wakes = socket.socketpair()
        for each in (woken, wakes):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes.fileno())
        listener.bind(path)
        listener.listen(64)
        for source in (sys.stdin.buffer, woken, listener):
            selector.register(source, selectors.EVENT_READ)
        clients: dict[int, socket.socket] = {}
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if sys.stdin.buffer in ready:
                os._exit(0)
            if woken in ready:
                woken.recv(4096)
                _report_ended(clients)
            if listener in ready:
                client, _ = listener.accept()
                request, outputs = _received(client)
                child = os.fork()
                if child == 0:
                    break
                for descriptor in outputs:
                    os.close(descriptor)
                clients[child] = client
                _answer(client, child, 0)
        signal.set_wakeup_fd(-1)
        for one in (client, woken, wakes, *clients.values()):
            one.close()
    _become(request, outputs)


def _import_program() -> None:
    for name in COMMANDS:
        load_command(name)
    for name in IMPORTED_LATE:
        import_module(name)
    assert threading.active_count() == 1, threading.enumerate()
    gc.collect()
    gc.freeze()


def _received(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Arguments, folder and environment of a command, and its standard input, output and errors."""
    head, outputs, _, _ = socket.recv_fds(client, LENGTH.size, 3)
    with client.makefile("rb") as rest:
        return json.loads(rest.read(*LENGTH.unpack(head))), outputs


def _report_ended(clients: dict[int, socket.socket]) -> None:
    while clients:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        with clients.pop(child) as client:
            _answer(client, child, os.waitstatus_to_exitcode(status))


def _answer(client: socket.socket, child: int, code: int) -> None:
    with suppress(OSError):  # its test has ended
        client.sendall(ANSWER.pack(child, code))


def _become(request: dict[str, Any], outputs: list[int]) -> None:
    """Make this process the command's: signals, standard streams, folder and environment as after exec."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, descriptor in enumerate(outputs):
        os.dup2(descriptor, number, inheritable=True)
        os.close(descriptor)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(open(0, "rb", closefd=False))  # type: ignore[misc] # noqa: SIM115
    sys.stdout = sys.__stdout__ = _output(1, os.isatty(1), "strict")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _output(2, True, "backslashreplace")  # type: ignore[misc]
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv[1:] = request["arguments"]


def _output(number: int, line_buffering: bool, errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(open(number, "wb", closefd=False), line_buffering=line_buffering, errors=errors)


if __name__ == "__main__":
    serve(sys.argv[1])
    main()
