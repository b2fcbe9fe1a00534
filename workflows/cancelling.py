"""Ends a run that was cancelled in Temporal."""

import asyncio
from typing import NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import REQUEST_CANCEL, OrderRef
    from workflows.options import LOOK_FIRST
    from workflows.rounds import InRounds
    from workflows.steps import pause, uninterrupted


async def end_as_cancelled(run: InRounds, order: OrderRef) -> NoReturn:
    """End the run as CANCELED, with all work done.

    Temporal accepts that only of a run with a cancellation request. A run that continues such a one as new, or was reset to
    before the request, requests its own cancellation first.
    """
    while not _is_requested():
        asking = run.database(REQUEST_CANCEL, order, "This run continues a cancelled one")
        await uninterrupted(asking, on_cancel=lambda: None)
        await pause(LOOK_FIRST, _is_requested, "until this run is cancelled")
    raise asyncio.CancelledError


def _is_requested() -> bool:
    return workflow.cancellation_reason() is not None
