"""What a step's failure says: whether it is final, and why, in the words of the activity."""

from temporalio.exceptions import ActivityError, ApplicationError, FailureError, RetryState, TimeoutError

from orders.events import Shortage


def is_definite(error: FailureError) -> bool:
    """Whether an activity was refused for good, rather than out of attempts or time."""
    if isinstance(error, ActivityError):
        return error.retry_state not in (RetryState.MAXIMUM_ATTEMPTS_REACHED, RetryState.TIMEOUT)
    # A local activity's failure comes as it is, with nothing about how its attempts ended.
    if isinstance(error, ApplicationError):
        return error.non_retryable
    return not isinstance(error, TimeoutError)


def refused_as(error: FailureError, kind: str) -> bool:
    """Whether the activity refused with this type of error."""
    cause = _cause(error)
    return isinstance(cause, ApplicationError) and cause.type == kind


def refusal(error: FailureError) -> str:
    """Why a step failed, in the words of the activity."""
    cause = _cause(error)
    return cause.message if isinstance(cause, ApplicationError) else str(cause)


def shortages(error: FailureError) -> tuple[Shortage, ...]:
    """The SKUs that were short, where that is why a step failed."""
    cause = _cause(error)
    if not isinstance(cause, ApplicationError) or cause.type != "InsufficientStock":
        return ()
    return tuple(Shortage.model_validate(detail) for detail in cause.details)


def _cause(error: FailureError) -> BaseException:
    # A local activity's failure comes as it is, an ordinary one's inside an ActivityError.
    return error.cause or error if isinstance(error, ActivityError) else error
