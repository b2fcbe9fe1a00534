"""Probes: a blocked event loop is not live, and an old check does not count."""

import asyncio
import time

import pytest

from embedded.ports import HOST, free_ports
from telemetry.probes import HUNG, STALE, Probes, probes_served


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


def test_a_process_whose_loop_hangs_is_not_live(clock: Clock) -> None:
    seen = Probes()
    assert seen.live() == ()
    clock.now += HUNG + 1
    assert seen.live() == (f"the event loop has not turned for {HUNG + 1:.0f} s",)
    seen.turned()
    assert seen.live() == ()


def test_a_process_is_ready_from_its_first_good_look_until_that_is_old(clock: Clock) -> None:
    seen = Probes()
    assert seen.ready() == ("it has not started yet",)
    seen.looked(())
    assert seen.ready() == ()
    clock.now += STALE + 1
    assert seen.ready() == (f"the last look was {STALE + 1:.0f} s ago",)


async def test_a_look_that_fails_is_repeated() -> None:
    looks, again = 0, asyncio.Event()

    async def look() -> tuple[str, ...]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ZeroDivisionError
        again.set()
        return ()

    async with probes_served(f"{HOST}:{free_ports(1)[0]}", look), asyncio.timeout(60):
        await again.wait()
