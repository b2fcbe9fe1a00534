"""`orders place` without other processes: refusals, repetitions, and the result of an outage."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator

import pytest

from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from tests.integration.cli_harness import LIMIT, Shell, administer, as_lines, database, shell_for
from tests.running_system import new_id, order_data


@pytest.fixture(scope="module")
async def shell(
    postgres_server: Postgres,
    template_database: str,
    temporal_server: TemporalServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Shell]:
    async with database(postgres_server, template_database) as url:
        yield shell_for(tmp_path_factory.mktemp("cli"), url, temporal_server)


async def test_bad_lines_are_told_with_all_their_faults_and_the_good_ones_go_on(shell: Shell) -> None:
    bad = order_data(new_id(), quantity=0, currency="XXQ")
    good = [order_data(new_id()) for _ in range(3)]
    given = as_lines(good[0]) + b"\n" + as_lines(bad) + b"nonsense\n\xff\n" + as_lines(good[1]) + as_lines(good[2])[:-1]
    ended = await shell.orders("place", "-", given=given)
    assert ended.code == 1
    assert ended.out == "placed 3, already there 0, refused 3\n"
    assert ended.err.splitlines() == [
        f'line 3 (order {bad["orderId"]}): currency must be an ISO 4217 currency such as EUR, not "XXQ"',
        f"line 3 (order {bad['orderId']}): items[0].quantity must be at least 1, not 0",
        "line 4: is not JSON: Expecting value at column 1",
        "line 5: is not UTF-8 at byte 1",
    ]


async def test_json_lines_answer_for_each_line_in_order(shell: Shell) -> None:
    orders = [order_data(new_id()) for _ in range(40)]
    ended = await shell.orders("place", "-", "--json", given=as_lines(*orders, {"total": 1}, {"orderId": "bad"}))
    assert ended.code == 1
    assert [line["line"] for line in ended.lines[:-1]] == list(range(1, 43))
    assert [line.get("orderId") for line in ended.lines[:40]] == [order["orderId"] for order in orders]
    assert {"path": "items", "problem": "is required"} in ended.lines[40]["faults"]
    assert [line.get("orderId") for line in ended.lines[40:42]] == [None, "bad"]
    assert ended.lines[-1] == {"summary": {"placed": 40, "alreadyPlaced": 0, "refused": 2}}


async def test_the_same_file_again_places_nothing_twice(shell: Shell) -> None:
    given = as_lines(*(order_data(new_id()) for _ in range(5)))
    first, second = await asyncio.gather(*(shell.orders("place", "-", "--json", given=given) for _ in range(2)))
    third = await shell.orders("place", "-", given=given)
    assert [first.code, second.code, third.code] == [0, 0, 0]
    assert sum(each.lines[-1]["summary"]["placed"] for each in (first, second)) == 5
    assert third.out == "placed 0, already there 5, refused 0\n"


async def test_the_first_line_of_an_id_is_the_order_and_other_content_is_refused(shell: Shell) -> None:
    order_id = new_id()
    given = as_lines(order_data(order_id), order_data(order_id, quantity=3), order_data(order_id))
    ended = await shell.orders("place", "-", "--json", given=given)
    assert ended.code == 1
    assert [line["result"] for line in ended.lines[:-1]] == ["placed", "refused", "alreadyPlaced"]
    again = await shell.orders("place", "-", given=as_lines(order_data(order_id, quantity=4)))
    assert again.err == f"line 1 (order {order_id}): order {order_id} was already placed with different items, total\n"


async def test_a_wait_names_an_order_on_hold_and_ends_with_its_cancel(shell: Shell) -> None:
    order_id = new_id()
    given = as_lines(order_data(order_id))
    assert (await shell.orders("place", "-", given=given)).code == 0
    assert (await shell.orders("hold", order_id, "--reason", "fraud suspected")).code == 0
    async with shell.started("place", "-", "--wait") as process, asyncio.timeout(LIMIT):
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(given)
        process.stdin.close()
        message = (await process.stderr.readline()).decode()
        assert message.startswith(f"order {order_id} is on hold (fraud suspected) until `orders release {order_id}`")
        assert (await shell.orders("cancel", order_id, "--reason", "x")).code == 0
        assert (await process.stdout.read()).decode().endswith("cancelled 1, open 0\n")
        assert await process.wait() == 0


async def test_an_order_too_large_for_an_event_is_refused_alone(shell: Shell) -> None:
    large = order_data(new_id())
    large["items"] = [{"sku": "A" * 128, "name": "n" * 512, "quantity": 1, "unitPrice": 1}] * 2000
    large["total"] = 2000
    ended = await shell.orders("place", "-", given=as_lines(large, order_data(new_id())))
    assert (ended.code, ended.out) == (1, "placed 1, already there 0, refused 1\n")
    assert "bytes of JSON, the limit is 1,048,576" in ended.err


async def test_results_nobody_reads_do_not_keep_orders_from_being_placed(shell: Shell) -> None:
    order_id = new_id()
    ended = await shell.orders("place", "-", given=as_lines(order_data(order_id)), stdout=closed_pipe())
    assert (ended.code, ended.err) == (0, "")
    assert (await shell.orders("show", order_id)).code == 0


async def test_output_that_nobody_reads_any_more_is_no_error(shell: Shell) -> None:
    ended = await shell.orders("list", stdout=closed_pipe())
    assert (ended.code, ended.err) == (0, "")


def closed_pipe() -> int:
    """Writing end of a pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


async def test_ctrl_c_while_waiting_for_input_ends_at_once_and_says_what_was_placed(shell: Shell) -> None:
    async with shell.started("place", "-", "--json") as process, asyncio.timeout(LIMIT):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(as_lines(order_data(new_id())))
        assert json.loads(await process.stdout.readline())["result"] == "placed"
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130  # although its input is open
        out, err = await process.communicate()
    assert json.loads(out) == {"summary": {"placed": 1, "alreadyPlaced": 0, "refused": 0}}
    assert err.decode().startswith("interrupted")


async def test_a_database_that_goes_away_in_mid_file_leaves_a_clear_account(
    postgres_server: Postgres, template_database: str, shell: Shell
) -> None:
    async with database(postgres_server, template_database) as url:
        placing = shell.started("place", "-", "--json", DATABASE_URL=url)
        async with placing as process, asyncio.timeout(LIMIT):
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(as_lines(*(order_data(new_id()) for _ in range(20))))
            before = [json.loads(await process.stdout.readline()) for _ in range(20)]
            await cut_off(postgres_server, url)
            process.stdin.write(as_lines(*(order_data(new_id()) for _ in range(200))))
            out, err = await process.communicate()
    assert {line["result"] for line in before} == {"placed"}
    assert process.returncode == 1
    after = [json.loads(line) for line in out.splitlines()]
    assert after, err.decode()
    assert after[0]["result"] == "unknown"
    assert after[-1]["summary"]["placed"] == 20
    assert len(after) < 100  # it stopped without an attempt at the other lines
    assert "lines done: 1-20. Place the file again" in err.decode()
    assert "Traceback" not in err.decode()


async def cut_off(server: Postgres, url: str) -> None:
    name = url.partition("?")[0].rpartition("/")[2]
    await administer(
        server,
        f"alter database {name} allow_connections false",
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'",
    )
