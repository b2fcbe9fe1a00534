"""One round of a step: a local activity for a database step, an ordinary one for money and labels."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.queues import gateway_queue
    from activities.signatures import Signature, Wire
    from workflows.options import (
        DATABASE_RETRY,
        DATABASE_TIMEOUT,
        GATEWAY_HEARTBEAT,
        GATEWAY_PLACE,
        GATEWAY_RETRY,
        GATEWAY_TIMEOUT,
    )

I = TypeVar("I", bound=Wire)  # noqa: E741
O = TypeVar("O", bound=Wire)  # noqa: E741
T = TypeVar("T")


async def database_step(step: Signature[I, O], argument: I, summary: str) -> O:
    """Run a step on our own database, one round of attempts. Raises FailureError when refused, or when the round failed."""
    answer: O = await workflow.execute_local_activity(
        step.name,
        argument,
        result_type=step.output,
        start_to_close_timeout=DATABASE_TIMEOUT,
        retry_policy=DATABASE_RETRY,
        summary=summary,
    )
    return answer


async def gateway_step(step: Signature[I, O], argument: I, summary: str, *, timeout: timedelta | None = None) -> O:
    """Run a step at a gateway, one round of attempts. timeout: of one attempt, where a step takes more than one call. Raises
    ActivityError when refused, or when the round has failed."""
    fleet = workflow.info().task_queue
    answer: O = await workflow.execute_activity(
        step.name,
        argument,
        result_type=step.output,
        task_queue=gateway_queue(fleet, step.gateway) if step.gateway else fleet,
        schedule_to_start_timeout=GATEWAY_PLACE,
        start_to_close_timeout=timeout or GATEWAY_TIMEOUT,
        heartbeat_timeout=GATEWAY_HEARTBEAT,
        retry_policy=GATEWAY_RETRY,
        summary=summary,
    )
    return answer


async def pause(length: timedelta, ended: Callable[[], bool], summary: str) -> None:
    """Wait on a timer, or until `ended` turns true."""
    with contextlib.suppress(TimeoutError):
        await workflow.wait_condition(ended, timeout=length, timeout_summary=summary)


async def uninterrupted(work: Coroutine[Any, Any, T], on_cancel: Callable[[], None]) -> T:
    """Wait for work to its end, even where Temporal cancels the workflow meanwhile: then `on_cancel` is called.

    Cancelling the wait would let the effect of a charge in flight land after its refund.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await workflow.wait([task])
        except asyncio.CancelledError:
            on_cancel()
    return task.result()
