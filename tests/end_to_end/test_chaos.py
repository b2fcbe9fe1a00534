"""The soak test `make chaos`, in short."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

import orjson

from chaos.faults import FAULTS
from chaos.soak import Plan
from tests.conftest import RUN_MARK, Living
from tests.running_system import until

SEED = 308  # begins with all workers killed, then PostgreSQL restarted, then connections terminated
LIMIT = 180.0  # seconds


@dataclass
class Soak:
    """Soak in progress. mark: in the environment of its process and all their descendants; output: its standard error so
    far."""

    process: asyncio.subprocess.Process
    mark: str
    output: str = ""

    async def wait_for(self, text: str) -> None:
        assert self.process.stderr is not None
        async with asyncio.timeout(LIMIT):
            while text not in self.output:
                line = await self.process.stderr.readline()
                assert line, f"ended without the output {text!r}: {self.output}"
                self.output += line.decode()

    async def ends(self) -> tuple[int, str]:
        """Exit code and standard output."""
        async with asyncio.timeout(LIMIT):
            out, err = await self.process.communicate()
        self.output += err.decode()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()


@asynccontextmanager
async def soaking(*arguments: str) -> AsyncIterator[Soak]:
    mark = os.environ[RUN_MARK] + uuid.uuid4().hex
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chaos", "--seed", str(SEED), *arguments),
        env=os.environ | {RUN_MARK: mark, "DATABASE_URL": "postgresql://nobody@nowhere.invalid/none"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Soak(process, mark)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_after_a_short_soak_every_order_has_settled_and_the_books_hold(living: Living) -> None:
    async with soaking("--seconds", "12", "--json") as soak:
        code, out = await soak.ends()
        assert code == 0, soak.output + out
        document = orjson.loads(out)
        assert document["good"] is document["audit"]["holds"] is True
        assert document["seed"] == SEED
        orders = document["orders"]
        assert orders["open"] == 0
        assert 0 < orders["placed"] == orders["shipped"] + orders.get("cancelled", 0)
        faults = [each["fault"] for each in document["faults"]]
        assert faults
        assert faults == list(islice(Plan(12, SEED, 3).faults(), len(faults)))
        assert all(each["goesOnAfter"] is not None for each in document["faults"])
        assert not living(soak.mark)


async def test_interrupted_a_soak_stops_all_that_it_has_started(living: Living) -> None:
    async with soaking("--seconds", "60") as soak:
        await soak.wait_for("orders a second")
        soak.process.send_signal(signal.SIGINT)
        code, out = await soak.ends()
        assert (code, out) == (130, "")
        assert "Traceback" not in soak.output

        async def gone() -> bool:
            return not living(soak.mark)

        await until(gone, "all processes of the soak have ended")


def test_the_same_seed_is_the_same_soak_and_each_round_has_every_fault() -> None:
    first, again, other = (list(islice(Plan(60, seed, 3).faults(), 2 * len(FAULTS))) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first[: len(FAULTS)]) == sorted(first[len(FAULTS) :]) == sorted(FAULTS)


def test_a_long_soak_takes_temporal_away_for_a_minute() -> None:
    assert Plan(240, SEED, 3).temporal_outage == 60
    assert Plan(30, SEED, 3).temporal_outage < 5
