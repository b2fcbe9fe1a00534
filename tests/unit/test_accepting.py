"""The header Accept, and the bound on the requests of a key."""

import pytest

from web.accepting import is_accepted, require_accepted
from web.problems import Problem
from web.refusals import Refusals
from web.request_rate import BURST_SECONDS, RequestRate


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, True),
        ("", True),
        ("*/*", True),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/*;q=0.1", True),
        ("text/html, application/xhtml+xml, */*;q=0.8", True),
        ("text/html", False),
        ("text/html, application/xml", False),
        ("application/json;q=0, */*", False),
        ("application/json;q=0", False),
        ("*/*;q=0", False),
        ("application/json;q=nonsense", False),
        ("json", False),
    ],
)
def test_a_response_is_json_where_the_client_takes_json(header: str | None, accepted: bool) -> None:
    assert is_accepted(header, "application/json") is accepted


def test_a_response_that_the_client_does_not_take_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        require_accepted("text/html", "application/json")
    assert (refused.value.status, refused.value.kind) == (406, "not-acceptable")


class Quiet(Refusals):
    """Refusals without a log, which needs a running loop."""

    def add(self, reason: str) -> None:
        pass


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_has_a_burst_and_then_the_steady_rate_and_its_neighbour_is_not_delayed() -> None:
    clock = Clock()
    rate = RequestRate(2, Quiet(), clock)
    for _ in range(int(2 * BURST_SECONDS)):
        rate.admit("shop")
    with pytest.raises(Problem) as refused:
        rate.admit("shop")
    assert (refused.value.status, refused.value.kind) == (429, "too-many-requests")
    assert refused.value.headers == {"Retry-After": "1"}
    rate.admit("warehouse")
    clock.now += 1
    for _ in range(2):
        rate.admit("shop")
    with pytest.raises(Problem):
        rate.admit("shop")
    clock.now += 3600
    for _ in range(int(2 * BURST_SECONDS)):
        rate.admit("shop")
    with pytest.raises(Problem):
        rate.admit("shop")


def test_a_slow_rate_names_the_time_until_the_next_request() -> None:
    rate = RequestRate(0.05, Quiet(), Clock())
    rate.admit("shop")
    with pytest.raises(Problem) as refused:
        rate.admit("shop")
    assert refused.value.headers == {"Retry-After": "20"}


def test_without_a_bound_nothing_is_counted() -> None:
    rate = RequestRate(None, Quiet(), Clock())
    for _ in range(10_000):
        rate.admit("local")
