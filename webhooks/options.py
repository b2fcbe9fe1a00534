"""Time-outs and retries of deliveries, with their reasons."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# Longer than the wait for a slot and the request's own time-out together, whose errors are more specific.
ATTEMPT_TIMEOUT = timedelta(seconds=20)

# About 80 attempts in the days of trying: close together for a restart, an hour apart for an outage.
ATTEMPTS = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(hours=1)
)

# Long enough for an outage over a weekend. Counted from when a delivery became pending, not from its first attempt: a
# delivery behind one that failed for three days is not retried for three more.
KEEP_TRYING = timedelta(days=3)
AT_LEAST = timedelta(minutes=1)

# Deliveries per run, after which the workflow continues as new: each adds about ten events to a history. Recorded
# histories depend on it: change it only with `workflow.patched`.
DELIVERIES_PER_RUN = 300


def backoff(attempt: int) -> float:
    """Return the seconds from the end of an attempt, numbered from 1, to the next one, as Temporal counts them."""
    first, last = ATTEMPTS.initial_interval, ATTEMPTS.maximum_interval
    assert last is not None
    return min(float(first.total_seconds() * 2 ** min(attempt - 1, 40)), last.total_seconds())


def time_left(age: float) -> timedelta:
    """Return the time for which a delivery is still retried after `age` seconds pending."""
    return max(KEEP_TRYING - timedelta(seconds=age), AT_LEAST)
