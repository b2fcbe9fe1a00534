"""How a workflow runs a step: a local activity for a database step, an ordinary one for money and labels."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, RetryState

with workflow.unsafe.imports_passed_through():
    from activities.signatures import Signature, Wire
    from orders.events import Shortage
    from workflows.options import (
        DATABASE_RETRY,
        DATABASE_TIMEOUT,
        GATEWAY_HEARTBEAT,
        GATEWAY_RETRY,
        GATEWAY_TIMEOUT,
        pause_before,
    )

I = TypeVar("I", bound=Wire)  # noqa: E741
O = TypeVar("O", bound=Wire)  # noqa: E741
T = TypeVar("T")

OnTrouble = Callable[[str, FailureError], None]
"""Told of a step's name and its last failure after every round of attempts that failed."""


async def database_step(step: Signature[I, O], argument: I, summary: str) -> O:
    """Run a step on our own database; retried until the database answers. Raises ActivityError when definitely refused."""
    answer: O = await workflow.execute_local_activity(
        step.name,
        argument,
        result_type=step.output,
        start_to_close_timeout=DATABASE_TIMEOUT,
        retry_policy=DATABASE_RETRY,
        summary=summary,
    )
    return answer


async def gateway_step(step: Signature[I, O], argument: I, summary: str) -> O:
    """Run a step at a gateway, one round of attempts. Raises ActivityError when refused, or when the round has failed."""
    answer: O = await workflow.execute_activity(
        step.name,
        argument,
        result_type=step.output,
        start_to_close_timeout=GATEWAY_TIMEOUT,
        heartbeat_timeout=GATEWAY_HEARTBEAT,
        retry_policy=GATEWAY_RETRY,
        summary=summary,
    )
    return answer


async def until_done(
    name: str,
    attempt: Callable[[], Awaitable[T]],
    on_trouble: OnTrouble,
    *,
    gives_up: Callable[[FailureError], bool] = lambda _: False,
    hurry: Callable[[], bool] = lambda: False,
) -> T:
    """Attempt, round after round with growing pauses, until it succeeds or `gives_up` takes the failure for final.

    A pause ends early when `hurry` turns true.
    """
    round_number = 0
    while True:
        try:
            return await attempt()
        except FailureError as error:
            if gives_up(error):
                raise
            round_number += 1
            on_trouble(name, error)
            await pause(pause_before(round_number), hurry, f"until {name} is tried again")


async def pause(length: timedelta, hurry: Callable[[], bool], summary: str) -> None:
    """Wait on a timer, or until `hurry` turns true."""
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(hurry, timeout=length, timeout_summary=summary)


def is_definite(error: FailureError) -> bool:
    """Whether an activity was refused for good, rather than out of attempts or time."""
    if not isinstance(error, ActivityError):
        return True
    return error.retry_state not in (RetryState.MAXIMUM_ATTEMPTS_REACHED, RetryState.TIMEOUT)


async def uninterrupted(work: Coroutine[Any, Any, T], on_cancel: Callable[[], None]) -> T:
    """Wait for work to its end, even when Temporal cancels the workflow meanwhile: `on_cancel` hears of it.

    Cancelling the wait would let the effect of a charge in flight land after its refund.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await workflow.wait([task])
        except asyncio.CancelledError:
            on_cancel()
    return task.result()


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
