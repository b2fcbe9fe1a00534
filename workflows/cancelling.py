"""The end of a run that Temporal was asked to cancel."""

import asyncio
from typing import NoReturn

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.signatures import REQUEST_CANCEL, OrderRef
    from workflows.options import LOOK_FIRST
    from workflows.rounds import InRounds
    from workflows.steps import pause, uninterrupted


async def end_as_cancelled(run: InRounds, order: OrderRef) -> NoReturn:
    """End as CANCELED, with nothing left to be done.

    Temporal takes that only of a run which it was asked to cancel. A run that continues such a one, or was reset to before
    the request, asks for its own cancellation first.
    """
    while not _asked():
        asking = run.database(REQUEST_CANCEL, order, "This run continues a cancelled one")
        await uninterrupted(asking, on_cancel=lambda: None)
        await pause(LOOK_FIRST, _asked, "until this run is cancelled")
    raise asyncio.CancelledError


def _asked() -> bool:
    return workflow.cancellation_reason() is not None
