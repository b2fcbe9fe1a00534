"""`orders demo` from start to end, as its own process."""

import asyncio
import os
import re
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import orjson
from temporalio.client import Client

from bootstrap import build_app
from cli.demo.course import Course, all_ended
from embedded.ports import is_free
from embedded.temporal import TemporalServer
from settings import Settings
from tests.conftest import RUN_MARK, Living
from tests.running_system import until

_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "TEMPORAL_ADDRESS", "ORDERS_PAYMENT_DECLINE_ABOVE")
_LIMIT = 120.0  # seconds


@dataclass
class Demo:
    """Demo in progress. mark: in the environment of its process and all their descendants; output: its standard error so
    far."""

    process: asyncio.subprocess.Process
    mark: str
    output: str = ""

    async def wait_for(self, pattern: str) -> re.Match[str]:
        """Read standard error until it matches the pattern."""
        assert self.process.stderr is not None
        async with asyncio.timeout(_LIMIT):
            while not (match := re.search(pattern, self.output)):
                line = await self.process.stderr.readline()
                assert line, f"ended without the output {pattern!r}: {self.output}"
                self.output += line.decode()
        return match

    async def ends(self) -> tuple[int, str]:
        """Exit code and standard output."""
        async with asyncio.timeout(_LIMIT):
            out, err = await self.process.communicate()
        self.output += err.decode()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()

    @property
    def ui_port(self) -> int:
        match = re.search(r"Web UI: (\S+)", self.output)
        assert match, self.output
        return urlsplit(match[1]).port or 80


@asynccontextmanager
async def _demo(*arguments: str, **given: str) -> AsyncIterator[Demo]:
    mark = os.environ[RUN_MARK] + uuid.uuid4().hex
    environment = {name: value for name, value in os.environ.items() if name not in _OURS} | {RUN_MARK: mark} | given
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from cli import main; main()", "demo", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Demo(process, mark)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _nothing_is_left(demo: Demo, living: Living) -> None:
    async def gone() -> bool:
        return not living(demo.mark) and is_free(demo.ui_port)

    await until(gone, "all processes of the demo have ended and its ports are free")


async def test_the_demo_places_follows_audits_and_stays_up_until_it_is_interrupted(living: Living) -> None:
    async with _demo("--orders", "40") as demo:
        await demo.wait_for("stays up until Ctrl-C")
        assert not is_free(demo.ui_port)
        demo.process.send_signal(signal.SIGINT)
        code, out = await demo.ends()
        assert code == 0, demo.output
        assert [kind for kind in ("shipped", "out of stock", "compensated") if f": {kind}\n" in out] == [
            "shipped",
            "out of stock",
            "compensated",
        ]
        assert re.search(r"orders\s+40 in [\d.]+ s, [\d.]+ orders/s", out)
        assert "/workflows/fulfill-order-nw-" in out
        assert "The books hold.\n" in out
        assert "Stock levels are multiplied by 30" in demo.output
        await _nothing_is_left(demo, living)


async def test_the_demo_as_json_is_one_document_and_exits(living: Living) -> None:
    async with _demo("--orders", "25", "--exit", "--json") as demo:
        code, out = await demo.ends()
        assert code == 0, demo.output
        document = orjson.loads(out)
        assert document["audit"]["holds"] is True
        assert document["allSettled"] is True
        assert sum(outcome["orders"] for outcome in document["outcomes"]) == document["placed"] == 25
        assert set(document["timelines"]) == {"shipped", "out of stock", "compensated"}
        await _nothing_is_left(demo, living)


async def test_the_demo_runs_again_in_a_database_and_temporal_that_are_given(
    database_url: str, temporal_server: TemporalServer, living: Living
) -> None:
    given = {"DATABASE_URL": database_url, "TEMPORAL_ADDRESS": temporal_server.address}
    for _ in range(2):
        async with _demo("--orders", "10", "--exit", "--json", **given) as demo:
            code, out = await demo.ends()
            assert code == 0, demo.output
            document = orjson.loads(out)
            assert (document["placed"], document["audit"]["checks"][0]["numbers"]["orders"]) == (10, 10)
            await until(lambda demo=demo: _ended(demo, living), "all processes of the demo have ended")  # type: ignore[misc]


async def test_orders_that_never_end_end_the_wait_after_some_patience(
    database_url: str, pool: asyncpg.Pool, temporal_client: Client
) -> None:
    sources = build_app(Settings(database_url=database_url), pool).sources(temporal_client)
    course, all_placed, reported = Course(sources), asyncio.Event(), list[int]()
    course.add("nobody-placed-it")
    all_placed.set()
    assert not await all_ended(course, all_placed, lambda found: reported.append(len(found)), patience=0.3)
    assert set(reported) == {0}
    assert course.tally.open == 1


async def test_interrupted_on_its_way_the_demo_stops_everything_and_exits_130(living: Living) -> None:
    async with _demo() as demo:
        await demo.wait_for(r"[1-9]\d* placed")
        demo.process.send_signal(signal.SIGINT)
        code, out = await demo.ends()
        assert (code, out) == (130, "")
        assert "Traceback" not in demo.output
        await _nothing_is_left(demo, living)


async def test_interrupted_while_its_services_start_the_demo_exits_130(living: Living) -> None:
    async with _demo() as demo:

        async def starting() -> bool:
            return any("postgres" in command for command in living(demo.mark).values())

        await until(starting, "PostgreSQL is being started", seconds=_LIMIT)
        demo.process.send_signal(signal.SIGTERM)
        code, _ = await demo.ends()
        assert code == 130
        assert "Traceback" not in demo.output
        await until(lambda: _ended(demo, living), "all processes of the demo have ended")


async def _ended(demo: Demo, living: Living) -> bool:
    return not living(demo.mark)
