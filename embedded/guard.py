"""Run one child process that never outlives its parent.

Started as `python -I -S guard.py ORDER`, standard library only, so that it is up in a few milliseconds. ORDER is a
JSON object:
    argv     list of str, absolute path of the program first
    stop     int, the signal for a graceful stop of the child
    limit    seconds the child gets for that before SIGKILL
    account  [uid, gid] to run the child as, or null
    remove   folders to delete after a requested stop
The parent holds the other end of standard input: when that end closes, kill -9 included, or on SIGTERM, SIGINT or
SIGHUP, the child is stopped; on SIGUSR1 it is killed. Exit code: the child's, 128 + n when signal n ended it, 127
when it could not be started.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import sys
import time
from typing import Any, NoReturn

STOP_SIGNALS = frozenset((signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
KILL_SIGNAL = signal.SIGUSR1

# linux/prctl.h, linux/securebits.h, linux/capability.h
PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2

LINUX = sys.platform == "linux"
libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int) -> bool:
    """Set an option of this process; True if the kernel accepted it."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return bool(libc.prctl(option, *(ctypes.c_ulong(each) for each in padded)) == 0)


def run_as(uid: int, gid: int) -> None:
    """Become an ordinary user that can still reach files below folders closed to it.

    Programs and data may lie under a home of mode 0700, whose permissions are not ours to change, so the two
    capabilities for file access stay, as ambient ones, across exec. Without SECBIT_NO_SETUID_FIXUP access(2), with
    which PostgreSQL looks for its own programs, would ignore them. If the kernel refuses, the child runs without.
    """
    keeps = LINUX and prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keeps:
        keep_only(CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH)


def keep_only(*capabilities: int) -> None:
    """Reduce this process to these capabilities, as far as it holds them; OSError if the rest cannot be dropped."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    words = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same for capabilities 32 and up
    if libc.capget(header, words) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    kept = words[1] & sum(1 << each for each in capabilities)
    words[:] = [kept, kept, kept, 0, 0, 0]
    if libc.capset(header, words) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    for each in capabilities:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, each)


def become(order: dict[str, Any], guard: int) -> NoReturn:
    """Turn this forked process into the child."""
    program = order["argv"][0]
    try:
        os.umask(0o077)  # its files are readable by its owner alone
        os.setsid()  # the terminal's Ctrl-C must not reach the child before the graceful stop
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if order["account"]:
            run_as(*order["account"])
        if LINUX:
            prctl(PR_SET_PDEATHSIG, order["stop"])  # after run_as: a change of user clears it
        if os.getppid() == guard:  # else the guard died before the kernel watched it
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execv(program, order["argv"])
    except OSError as error:
        os.write(2, f"cannot start {program}: {error}\n".encode())
    finally:
        os._exit(127)


def wake_on_signals() -> int:
    """A descriptor that receives the number of each signal (child ended, stop, kill) as one byte."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for each in (*STOP_SIGNALS, KILL_SIGNAL, signal.SIGCHLD):
        signal.signal(each, lambda *_: None)
    return reader


def exit_code(child: int) -> int | None:
    pid, status = os.waitpid(child, os.WNOHANG)
    if not pid:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def stop_asked(wake: int, child: int) -> bool:
    """Wait for one event; True for the end of the parent or a stop signal. Kills the child on the kill signal."""
    ready, _, _ = select.select([0, wake], [], [])
    received = os.read(wake, 512) if wake in ready else b""
    if KILL_SIGNAL in received:
        os.killpg(child, signal.SIGKILL)
    return not STOP_SIGNALS.isdisjoint(received) or (0 in ready and not os.read(0, 512))


def stop(child: int, wake: int, order: dict[str, Any]) -> int:
    """Stop the child gracefully or, past the limit, by SIGKILL; returns its exit code."""
    deadline = time.monotonic() + order["limit"]
    os.kill(child, order["stop"])
    while (code := exit_code(child)) is None:
        left = deadline - time.monotonic()
        if left <= 0:
            os.killpg(child, signal.SIGKILL)
        if select.select([wake], [], [], left if left > 0 else None)[0]:
            os.read(wake, 512)
    return code


def main(order: dict[str, Any]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        become(order, guard)
    wake = wake_on_signals()
    while (code := exit_code(child)) is None:
        if stop_asked(wake, child):
            code = stop(child, wake, order)
            for folder in order["remove"]:
                shutil.rmtree(folder, ignore_errors=True)
            return code
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
