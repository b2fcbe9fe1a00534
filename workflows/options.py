"""Time-outs and retries, with their reasons. No workflow has an execution or run time-out: the server would close a saga
without giving it the chance to undo."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# A database step takes milliseconds; ten seconds means the database or its connection is gone. One round of attempts, about
# as long as a restart of the database takes. Its attempts run within a workflow task, which a stopping worker has to wait for
# and which lengthens the history: so rounds end, and the pause after one is a timer.
DATABASE_TIMEOUT = timedelta(seconds=10)
DATABASE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=8,
)

# One call to a gateway. Longer than the gateways' own time-outs, whose errors are more specific.
GATEWAY_TIMEOUT = timedelta(seconds=30)

# From schedule to start: a burst may have to wait for places. It has an end because workers from before the gateways' task
# queues poll none of them: after a return to such a version the next round begins on the queue that they poll.
GATEWAY_PLACE = timedelta(minutes=10)

# A worker that was killed in the middle of a call is noticed after this long, not after the whole time-out.
GATEWAY_HEARTBEAT = timedelta(seconds=5)

# One round of attempts, about half a minute of an outage. Then the order is marked as needing attention and the next round
# waits for a timer. Temporal reports a failing activity to the workflow only at the end of a round.
GATEWAY_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=6,
)

# Between rounds. An hour at most keeps the history of two weeks' outage under the 4,096 events where Temporal suggests to
# continue as new.
ROUND_FIRST = timedelta(seconds=10)
ROUND_LAST = timedelta(hours=1)

# Rounds that end by a gateway's rate limit, one after another, before the step counts as failing: about a quarter of an hour.
BUSY_ROUNDS = 30

# Between checks on a pending decision of a provider, which takes hours or weeks, as a carrier's on refunding a label.
LOOK_FIRST = timedelta(minutes=1)
LOOK_LAST = timedelta(days=1)


def pause_before(round_number: int) -> timedelta:
    """The pause before a round of attempts; round 1 is the first repetition."""
    return _doubled(ROUND_FIRST, round_number, ROUND_LAST)


def pause_on_hold(look: int) -> timedelta:
    """The pause before a retry of a step that was refused by a hold; 1 is after the first refusal."""
    return _doubled(LOOK_FIRST, look, ROUND_LAST)


def pause_before_asking(look: int) -> timedelta:
    """The pause before the next check on a pending compensation; 1 is the second check."""
    return _doubled(LOOK_FIRST, look, LOOK_LAST)


def pause_while_processing(look: int) -> timedelta:
    """The pause before the next look at a payment that the provider is processing; 1 is after the first look."""
    return _doubled(LOOK_FIRST, look, ROUND_LAST)


def _doubled(first: timedelta, number: int, last: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(number - 1, 20)
    return min(doubled, last)
