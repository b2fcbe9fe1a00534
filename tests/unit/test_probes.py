"""Probes: a blocked event loop is not live, and an old check does not count."""

import time

import pytest

from telemetry.probes import HUNG, STALE, Probes


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
