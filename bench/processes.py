"""Processor time and memory of other processes, where the machine has /proc; elsewhere they are not known."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PARENT, _USED = 1, slice(11, 15)  # fields of a stat line after the name: own time and that of ended children


def child_with(mark: bytes) -> int | None:
    """The id of this process's child whose command line holds the mark; None on a machine without /proc."""
    mine = (pid for pid, fields in _stats().items() if int(fields[_PARENT]) == os.getpid())
    return next((pid for pid in mine if mark in _read(pid, "cmdline")), None)


def tree_cpu_seconds(root: int) -> float:
    """Processor time so far, user and system, of a process and all that it has started, ended ones too."""
    stats = _stats()
    tree = {root}
    while more := {pid for pid, fields in stats.items() if int(fields[_PARENT]) in tree and pid not in tree}:
        tree |= more
    ticks = sum(int(each) for pid in tree if pid in stats for each in stats[pid][_USED])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_megabytes(root: int) -> dict[str, float]:
    """`now` and `peak` of the largest process that this one or its children are; empty on a machine without /proc."""
    family = [root, *(pid for pid, fields in _stats().items() if int(fields[_PARENT]) == root)]
    return max((_resident(pid) for pid in family), key=lambda each: each.get("now", 0.0))


def _resident(pid: int) -> dict[str, float]:
    lines = dict(line.split(b":", 1) for line in _read(pid, "status").splitlines())
    names = {"now": b"VmRSS", "peak": b"VmHWM"}
    return {name: int(lines[field].split()[0]) / 1024 for name, field in names.items() if field in lines}


def _stats() -> dict[int, list[bytes]]:
    """The fields after the name of each process's stat line."""
    pids = [int(entry.name) for entry in _PROC.glob("[0-9]*")]
    lines = ((pid, _read(pid, "stat")) for pid in pids)
    return {pid: line.rpartition(b")")[2].split() for pid, line in lines if line}


def _read(pid: int, name: str) -> bytes:
    try:
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:  # it has ended meanwhile
        return b""
