"""A large import with one line in ten broken, each differently: the good ones are placed, the bad ones are reported."""

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from temporalio.client import Client

from orders.topics import TOPICS
from tests.end_to_end.broken_lines import WAYS
from tests.integration.cli_harness import COMMAND, Shell, clean_environment
from tests.running_system import RunningSystem, new_id, order_data, running_system, until
from tests.workflow.books import assert_the_books_hold

MANY, FEW, SETTLED = 3_000, 300, 100
ONE_IN = 10
SHORT = 10  # units that the stock lacks
FLAT = 8 * 1024**2  # bytes for ten times as many lines: measured were 2 MB on top of 80
# The peak is of the command alone, which this small process waits for.
MEASURED = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as peak:
    peak.write(str(usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)))
sys.exit(os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True)
class Import:
    """A file of orders. good: order ids by line; bad: by line, the path that its refusal must name."""

    file: Path
    good: dict[int, str]
    bad: dict[int, str]


def an_import(folder: Path, lines: int, **order: Any) -> Import:
    """This number of lines; the tenth, twentieth, … are broken, in all ways in turn."""
    ways, good, bad, content = cycle(WAYS.values()), dict[int, str](), dict[int, str](), list[bytes]()
    for number in range(1, lines + 1):
        order_id = new_id()
        if number % ONE_IN == 0:
            bad[number], broken = next(ways)
            content.append(broken(order_id))
        else:
            good[number] = order_id
            content.append(json.dumps(order_data(order_id, **order)).encode())
    file = folder / f"{lines}.jsonl"
    file.write_bytes(b"\n".join(content))
    return Import(file, good, bad)


def assert_each_line_is_answered_for(given: Import, answers: Sequence[dict[str, Any]], messages: str) -> None:
    by_line = {answer["line"]: answer for answer in answers}
    assert by_line.keys() == given.good.keys() | given.bad.keys()
    placed = {line: answer["orderId"] for line, answer in by_line.items() if answer["result"] == "placed"}
    assert placed == given.good
    for line, path in given.bad.items():
        assert by_line[line]["result"] == "refused"
        assert path in [fault["path"] for fault in by_line[line]["faults"]], by_line[line]
    assert {int(number) for number in re.findall(r"^line (\d+)", messages, re.MULTILINE)} == given.bad.keys()


async def test_every_good_line_of_thousands_is_placed_and_every_bad_one_named_in_flat_memory(
    shell: Shell, tmp_path: Path
) -> None:
    assert len(WAYS) >= 25
    peaks = []
    for lines in (FEW, MANY):
        given = an_import(tmp_path, lines)
        peak = await placed_and_measured(shell, given)
        peaks.append(peak)
    assert peaks[1] - peaks[0] < FLAT, f"peaks of {peaks[0]:,} and {peaks[1]:,} bytes"


async def placed_and_measured(shell: Shell, given: Import) -> int:
    """Place the file, check the result of every line, and return the command's peak of memory in bytes."""
    peak = shell.folder / "peak"
    out, err = shell.folder / "out", shell.folder / "err"
    with out.open("wb") as answers, err.open("wb") as messages:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", MEASURED, str(peak), *COMMAND, "place", str(given.file), "--json"),
            cwd=shell.folder,
            env=clean_environment() | shell.environment,
            stdout=answers,
            stderr=messages,
        )
        assert await process.wait() == 1
    *lines, summary = [json.loads(line) for line in out.read_text().splitlines()]
    assert_each_line_is_answered_for(given, lines, err.read_text())
    assert summary == {"summary": {"placed": len(given.good), "alreadyPlaced": 0, "refused": len(given.bad)}}
    return int(peak.read_text())


async def test_the_good_orders_of_a_bad_file_all_settle_and_the_books_hold(
    database_url: str, shell: Shell, temporal_client: Client, tmp_path: Path
) -> None:
    given = an_import(tmp_path, SETTLED, quantity=1)
    async with running_system(database_url, temporal_client) as system:
        shipped = len(given.good) - SHORT
        await system.stock(TEA_1=shipped)
        ended = await shell.orders("place", str(given.file), "--json", "--wait")
        assert ended.code == 1
        *lines, summary = ended.lines
        assert_each_line_is_answered_for(given, lines, ended.err)
        settled = {"shipped": shipped, "cancelled": SHORT, "open": 0}
        assert (
            summary["summary"]
            == {
                "placed": len(given.good),
                "alreadyPlaced": 0,
                "refused": len(given.bad),
            }
            | settled
        )
        await all_messages_published(system, shipped)
        await assert_the_books_hold(system)


async def all_messages_published(system: RunningSystem, shipped: int) -> None:
    """Wait for the last effects of the shipped orders."""

    async def published() -> bool:
        return all([len(await system.app.store.read_stream(topic)) == shipped for topic in TOPICS])

    await until(published, f"{shipped} messages in each topic")
