"""Schedule of retries, and concurrent attempts of a receiver."""

from datetime import timedelta

import pytest

from webhooks import lanes, options
from webhooks.options import backoff, time_left
from webhooks.sender import LIMIT


def test_three_days_of_trying_are_close_together_at_first_and_an_hour_apart_in_the_end() -> None:
    waits = [backoff(attempt) for attempt in range(1, 100)]
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 3600
    attempts = next(n for n in range(100) if sum(waits[:n]) > options.KEEP_TRYING.total_seconds())
    assert 75 <= attempts <= 90


def test_the_days_of_trying_count_from_when_a_delivery_became_pending() -> None:
    assert time_left(0) == timedelta(days=3)
    assert time_left(timedelta(days=2).total_seconds()) == timedelta(days=1)
    assert time_left(timedelta(days=30).total_seconds()) == options.AT_LEAST


def test_an_attempt_has_time_for_its_place_and_its_request() -> None:
    assert options.ATTEMPT_TIMEOUT.total_seconds() > lanes.PATIENCE + LIMIT


async def test_an_endpoint_holds_no_more_attempts_than_its_lane_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "WIDTH", 1)
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)
    all_lanes = lanes.Lanes()
    async with all_lanes.of("ep_1").slot():
        with pytest.raises(lanes.Busy):
            async with all_lanes.of("ep_1").slot():
                pass
        async with all_lanes.of("ep_2").slot():
            pass


async def test_an_endpoint_that_answers_nobody_is_tried_one_at_a_time_until_it_answers() -> None:
    lane = lanes.Lane()
    for _ in range(lanes.TRIPS_AFTER):
        lane.timed_out()
    async with lane.slot():
        with pytest.raises(lanes.Busy):
            async with lane.slot():
                pass
    lane.responded()
    async with lane.slot(), lane.slot():
        pass
