"""Time-outs and retries, with their reasons. No workflow has an execution or run time-out: the server would close a saga
without giving it the chance to undo."""

from datetime import timedelta

from temporalio.common import RetryPolicy

# A database step takes milliseconds; ten seconds means the database or its connection is gone. One round of attempts, about
# as long as a restart of the database takes. It is retried within a workflow task, which Temporal's history grows with and
# which a worker that is told to stop has to wait for: rounds end, and the pause after one is a timer.
DATABASE_TIMEOUT = timedelta(seconds=10)
DATABASE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=100),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=10),
    maximum_attempts=8,
)

# One call to a gateway. Longer than the gateways' own time-outs, so that theirs, which say more, come first.
GATEWAY_TIMEOUT = timedelta(seconds=30)

# A worker that was killed in the middle of a call is noticed after this long, not after the whole time-out.
GATEWAY_HEARTBEAT = timedelta(seconds=5)

# One round of attempts, about half a minute of an outage. Then the order is marked as needing attention and the next round
# waits for a timer: the workflow only hears of a failing activity when a round has ended.
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

# Between looks at what others take hours or weeks to decide, as a carrier does on giving back a label's price.
LOOK_FIRST = timedelta(minutes=1)
LOOK_LAST = timedelta(days=1)


def pause_before(round_number: int) -> timedelta:
    """The pause before a round of attempts; round 1 is the first repetition."""
    return _doubled(ROUND_FIRST, round_number, ROUND_LAST)


def pause_on_hold(look: int) -> timedelta:
    """The pause before the step that an order's hold refused is tried again; 1 is after the first refusal."""
    return _doubled(LOOK_FIRST, look, ROUND_LAST)


def pause_before_asking(look: int) -> timedelta:
    """The pause before what was undecided is looked at again; 1 is the second look."""
    return _doubled(LOOK_FIRST, look, LOOK_LAST)


def _doubled(first: timedelta, number: int, last: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(number - 1, 20)
    return min(doubled, last)
