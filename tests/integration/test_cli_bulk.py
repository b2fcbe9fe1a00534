"""`orders bulk`: from a file or a filter, with a result for each order, asked before and stopped by Ctrl-C."""

import asyncio
import fcntl
import json
import os
import pty
import signal
import sys
import termios
from collections.abc import AsyncIterator

import pytest

from bootstrap import App
from order_streams import load_order
from orders.ids import stream_name
from tests.integration.cli_harness import (
    COMMAND,
    LIMIT,
    Shell,
    application,
    as_lines,
    clean_environment,
)
from tests.running_system import order_data, until

STRIKE = ("--reason", "carrier on strike")


@pytest.fixture
async def app(shell: Shell) -> AsyncIterator[App]:
    """The application on the shell's database."""
    async with application(shell) as opened:
        yield opened


async def place(shell: Shell, count: int) -> list[str]:
    ids = [f"o-{number}" for number in range(count)]
    assert (await shell.orders("place", "-", given=as_lines(*map(order_data, ids)))).code == 0
    return ids


async def project(app: App) -> None:
    for projector in app.projectors():
        while await projector.step():
            pass


async def listed(shell: Shell, *options: str) -> list[str]:
    """Ids of `orders list`."""
    ended = await shell.orders("list", "--ids", *options)
    assert ended.code == 0, ended.err
    return ended.out.splitlines()


async def on_hold(app: App, ids: list[str]) -> set[str]:
    return {id_ for id_ in ids if (await load_order(app.orders, id_)).state.hold}


async def test_the_orders_of_a_file_are_acted_on_and_refused_ones_are_printed(shell: Shell, app: App) -> None:
    ids = await place(shell, 3)
    assert (await shell.orders("cancel", "o-1", *STRIKE)).code == 0
    listed = b"o-0\n\n  o-1\r\nnone\no-2\no-0\n"
    held = await shell.orders("bulk", "hold", "--file", "-", "--yes", *STRIKE, given=listed)
    assert (held.code, held.out) == (1, "done 2, refused 2\n")
    assert sorted(held.err.splitlines()) == ["order o-1 cannot be held: it is cancelled", "there is no order none"]
    assert await on_hold(app, ids) == {"o-0", "o-2"}
    recorded, _ = [each async for each in app.orders.events(stream_name("o-0"))][-1]
    assert recorded.metadata["actor"].startswith("cli:")
    again = await shell.orders("bulk", "hold", "--file", "-", "--yes", "--json", *STRIKE, given=b"o-0\no-1\n")
    assert again.code == 1
    *results, summary = again.lines
    by_order = {each["orderId"]: each for each in results}
    assert (by_order["o-0"]["result"], by_order["o-0"]["version"]) == ("unchanged", 2)
    assert (by_order["o-1"]["result"], by_order["o-1"]["code"]) == ("refused", "illegal-transition")
    counts = {"orders": 2, "done": 0, "unchanged": 1, "refused": 1, "failed": 0, "left": 0}
    assert summary == {"summary": counts}


async def test_a_filter_finds_the_orders_of_every_act(shell: Shell, app: App) -> None:
    ids = await place(shell, 3)
    for action, options, printed in (
        ("tag", ("vip", "gift", "--status", "placed"), "done 3"),
        ("untag", ("gift", "--tag", "vip"), "done 3"),
        ("hold", ("--customer", "ALFKI", *STRIKE), "done 3"),
        ("release", ("--waiting",), "done 3"),
        ("retry", ("--tag", "vip", "--carrier", "post", *STRIKE), "done 3"),
        ("cancel", ("--status", "placed", "--by", "customer", *STRIKE), "done 3"),
        ("cancel", ("--status", "placed", *STRIKE), "done 0"),
    ):
        await project(app)
        ended = await shell.orders("bulk", action, *options, "--yes")
        assert (ended.code, ended.out, ended.err) == (0, f"{printed}\n", ""), action
    state = (await load_order(app.orders, ids[0])).state
    assert (state.status, list(state.tags)) == ("cancelled", ["vip"])


async def test_what_makes_no_sense_or_is_no_id_changes_nothing(shell: Shell, app: App) -> None:
    ids = await place(shell, 2)
    await project(app)
    for arguments, problem in (
        (("hold", "--status", "placed", "--yes"), "hold needs one"),
        (("release", "--status", "placed", "--yes", *STRIKE), "release takes none"),
        (("tag", "--status", "placed", "--yes"), "tag needs one"),
        (("hold", "vip", "--status", "placed", "--yes", *STRIKE), "hold takes none"),
        (("hold", "--yes", *STRIKE), "either a file of ids or a filter"),
        (("hold", "--file", "-", "--status", "placed", "--yes", *STRIKE), "either a file of ids or a filter"),
        (("hold", "--status", "placed", *STRIKE), "no person can be asked"),
    ):
        refused = await shell.orders("bulk", *arguments)
        assert (refused.code, refused.out) == (2, ""), arguments
        assert problem in " ".join(refused.err.replace("│", "").split()), refused.err
    refused = await shell.orders("bulk", "hold", "--file", "-", "--yes", *STRIKE, given=b"o-0\na/b\n\xff\n")
    assert refused.code == 1
    assert refused.err.splitlines()[1:] == ['line 2: must not contain "/"', "line 3: is not UTF-8"]
    dry = await shell.orders("bulk", "hold", "--status", "placed", "--dry-run", *STRIKE)
    newest_first = await listed(shell)
    assert (dry.code, dry.out) == (0, "\n".join(["hold 2 orders: nothing was changed", *newest_first, ""]))
    assert (await shell.orders("bulk", "hold", "--status", "placed", "--dry-run", "--json", *STRIKE)).document == {
        "orders": 2,
        "orderIds": newest_first,
    }
    assert await on_hold(app, ids) == set()


async def test_a_limit_is_of_the_file_or_of_the_filter_and_a_dry_run_names_its_first_orders(
    shell: Shell, app: App
) -> None:
    ids = await place(shell, 13)
    await project(app)
    newest_first = await listed(shell)
    by_filter = await shell.orders("bulk", "hold", "--status", "placed", "--limit", "2", "--yes", *STRIKE)
    assert (by_filter.code, by_filter.out) == (0, "done 2\n")
    assert await on_hold(app, ids) == set(newest_first[:2])
    first, second, third = newest_first[-3:]
    given = "\n".join([first, first, second, third]).encode()
    by_file = await shell.orders("bulk", "hold", "--file", "-", "--limit", "2", "--yes", *STRIKE, given=given)
    assert (by_file.code, by_file.out) == (0, "done 2\n")
    assert await on_hold(app, ids) == {*newest_first[:2], first, second}
    dry = await shell.orders("bulk", "hold", "--status", "placed", "--limit", "12", "--dry-run", *STRIKE)
    assert dry.out.splitlines()[1:] == [*newest_first[:10], "and 2 more"]


async def test_ids_of_a_list_are_the_file_of_a_bulk_action(shell: Shell, app: App) -> None:
    ids = await place(shell, 60)
    await project(app)
    rows = (await shell.orders("list", "--json", "--limit", "60")).document["orders"]
    newest_first = [row["orderId"] for row in rows]
    assert set(newest_first) == set(ids)
    assert await listed(shell, "--status", "placed") == newest_first
    assert await listed(shell, "--limit", "2") == newest_first[:2]
    given = "\n".join(newest_first).encode()
    held = await shell.orders("bulk", "hold", "--file", "-", "--yes", *STRIKE, given=given)
    assert (held.code, held.out) == (0, "done 60\n")
    refused = await shell.orders("list", "--ids", "--json")
    assert refused.code == 2


@pytest.mark.parametrize(("answer", "code", "held"), [("n", 1, 0), ("y", 0, 2)])
async def test_a_person_is_asked_on_a_terminal(shell: Shell, app: App, answer: str, code: int, held: int) -> None:
    ids = await place(shell, 2)
    await project(app)
    ours, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("bulk", "hold", "--status", "placed", *STRIKE),
        cwd=shell.folder,
        env=clean_environment() | shell.environment,
        stdin=terminal,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(terminal)
    os.write(ours, f"{answer}\n".encode())
    async with asyncio.timeout(LIMIT):
        _, err = await process.communicate()
    os.close(ours)
    assert process.returncode == code, err
    assert "hold 2 orders? [y/N]" in err.decode()
    assert len(await on_hold(app, ids)) == held


async def test_ctrl_c_stops_it_after_the_orders_in_progress_and_the_summary_has_what_was_done(
    shell: Shell, app: App
) -> None:
    ids = await place(shell, 150)
    (shell.folder / "ids").write_text("\n".join(ids))
    reading, writing = os.pipe()
    # A small pipe without a reader: the command waits at some result, before the last.
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    arguments = ("bulk", "hold", "--file", "ids", "--yes", "--json", *STRIKE)
    async with shell.started(*arguments, stdout=writing) as process:
        os.close(writing)
        await until(lambda: _holds(reading, size - 200), "the pipe is full")
        process.send_signal(signal.SIGINT)
        *results, summary = map(json.loads, await asyncio.to_thread(_lines, reading))
        assert await process.wait() == 130
        assert process.stderr is not None
        stated = (await process.stderr.read()).decode()
    left = summary["summary"]["left"]
    assert left == 150 - len(results) > 0
    assert f"stopped: {left} orders are left" in stated
    assert await on_hold(app, ids) == {each["orderId"] for each in results}


def _lines(descriptor: int) -> list[bytes]:
    with open(descriptor, "rb") as output:
        return output.readlines()


async def _holds(pipe: int, size: int) -> bool:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4), sys.byteorder) >= size
