"""Time-outs and retries of deliveries, with their reasons."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# Longer than the wait for a place at the endpoint and the request's own limit together: theirs say more.
ATTEMPT_TIMEOUT = timedelta(seconds=20)

# About 80 attempts in the days of trying: close together for a restart, an hour apart for an outage.
ATTEMPTS = RetryPolicy(
    initial_interval=timedelta(seconds=5), backoff_coefficient=2, maximum_interval=timedelta(hours=1)
)

# A weekend's outage is survived. Counted from when a delivery became pending, not from its first attempt: behind one
# that failed for three days the next is not tried for three more.
KEEP_TRYING = timedelta(days=3)
AT_LEAST = timedelta(minutes=1)

# Of one run, after which the workflow continues as new: each delivery adds about ten events to a history. A part of
# every history that is longer: changed only as the workflow itself is.
DELIVERIES_PER_RUN = 300


def backoff(attempt: int) -> float:
    """Seconds from the end of an attempt, the first being 1, to the next one, as Temporal counts them."""
    first, last = ATTEMPTS.initial_interval, ATTEMPTS.maximum_interval
    assert last is not None
    return min(float(first.total_seconds() * 2 ** min(attempt - 1, 40)), last.total_seconds())


def time_left(age: float) -> timedelta:
    """How long a delivery that has been pending for `age` seconds is still tried."""
    return max(KEEP_TRYING - timedelta(seconds=age), AT_LEAST)
