"""Classifies failures of steps: final or not, and the activity's reason."""

from temporalio.exceptions import ActivityError, ApplicationError, FailureError, RetryState, TimeoutError, TimeoutType

from activities.signatures import PaymentFailure
from orders.events import Shortage


def is_definite(error: FailureError) -> bool:
    """True where an activity was refused for good, False where it ran out of attempts or time."""
    if isinstance(error, ActivityError):
        return error.retry_state not in (RetryState.MAXIMUM_ATTEMPTS_REACHED, RetryState.TIMEOUT)
    # The failure of a local activity is not wrapped, and has no retry state.
    if isinstance(error, ApplicationError):
        return error.non_retryable
    return not isinstance(error, TimeoutError)


def refused_as(error: FailureError, kind: str) -> bool:
    """True where the activity failed with this type of error."""
    cause = _cause(error)
    return isinstance(cause, ApplicationError) and cause.type == kind


def is_busy(error: FailureError) -> bool:
    """True where the gateway refused the step for its rate limit."""
    return refused_as(error, "GatewayBusy")


def refusal(error: FailureError) -> str:
    """The activity's reason for a failure."""
    cause = _cause(error)
    if isinstance(cause, TimeoutError) and cause.type is TimeoutType.SCHEDULE_TO_START:
        return (
            "no worker had a free place for the step: is there a worker of this version, and does the gateway answer?"
        )
    return cause.message if isinstance(cause, ApplicationError) else str(cause)


def shortages(error: FailureError) -> tuple[Shortage, ...]:
    """The SKUs that were short, where that caused the failure."""
    cause = _cause(error)
    if not isinstance(cause, ApplicationError) or cause.type != "InsufficientStock":
        return ()
    return tuple(Shortage.model_validate(detail) for detail in cause.details)


def awaited_payment(error: FailureError) -> PaymentFailure | None:
    """The declined attempt after which the order waits for its payment; None for any other failure."""
    cause = _cause(error)
    if not isinstance(cause, ApplicationError) or cause.type != "PaymentAwaited":
        return None
    return PaymentFailure.model_validate(cause.details[0])


def _cause(error: FailureError) -> BaseException:
    # The failure of a local activity is not wrapped, of an ordinary one inside an ActivityError.
    return error.cause or error if isinstance(error, ActivityError) else error
