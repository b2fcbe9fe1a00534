"""Wrong API keys are counted by address, in bounded memory."""

import pytest

from web import wrong_keys
from web.problems import Unauthorized
from web.refusals import Refusals
from web.wrong_keys import MAX_WRONG, WINDOW_SECONDS, WrongKeys


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Reasons(Refusals):
    """Collects logged reasons."""

    def __init__(self) -> None:
        super().__init__()
        self.reasons: list[str] = []

    def add(self, reason: str) -> None:
        self.reasons.append(reason)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reasons() -> Reasons:
    return Reasons()


@pytest.fixture
def keys(clock: Clock, reasons: Reasons) -> WrongKeys:
    return WrongKeys(reasons, clock)


def statuses(keys: WrongKeys, address: str, count: int) -> list[int]:
    return [keys.refused(address, Unauthorized("not known")).status for _ in range(count)]


def test_an_address_that_sends_too_many_is_told_when_to_come_again(
    keys: WrongKeys, clock: Clock, reasons: Reasons
) -> None:
    assert statuses(keys, "192.0.2.1", MAX_WRONG) == [401] * MAX_WRONG
    clock.now += 20
    problem = keys.refused("192.0.2.1", Unauthorized("not known"))
    assert (problem.status, problem.kind) == (429, "too-many-wrong-keys")
    assert problem.headers == {"Retry-After": str(int(WINDOW_SECONDS) - 20)}
    assert len(reasons.reasons) == 1
    assert statuses(keys, "192.0.2.2", 1) == [401], "another address has its own count"
    clock.now += WINDOW_SECONDS
    assert statuses(keys, "192.0.2.1", 1) == [401], "a new window begins"


def test_a_networks_ipv6_addresses_count_as_one(keys: WrongKeys) -> None:
    for number in range(MAX_WRONG):
        assert statuses(keys, f"2001:db8:1:1::{number:x}", 1) == [401]
    assert statuses(keys, "2001:db8:1:1::ffff", 1) == [429]
    assert statuses(keys, "2001:db8:1:2::1", 1) == [401]


def test_the_addresses_that_are_kept_are_bounded(keys: WrongKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_keys, "MAX_ADDRESSES", 10)
    statuses(keys, "192.0.2.250", MAX_WRONG)
    for number in range(9):
        statuses(keys, f"192.0.2.{number}", 1)
    assert statuses(keys, "192.0.2.250", 1) == [429], "among the last ten"
    for number in range(10):
        statuses(keys, f"192.0.2.{number + 20}", 1)
    assert statuses(keys, "192.0.2.250", 1) == [401], "forgotten"
    assert len(keys._windows) == 10
