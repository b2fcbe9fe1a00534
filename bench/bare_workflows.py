"""The same three workflows with the same kinds of steps, empty and without a database."""

from datetime import timedelta
from typing import Final

from temporalio import activity, workflow

_LIMIT: Final = timedelta(seconds=30)


@activity.defn
async def step(order_id: str) -> str:
    """A step that does nothing."""
    return order_id


async def _local(order_id: str, times: int) -> None:
    for _ in range(times):
        await workflow.execute_local_activity(step, order_id, start_to_close_timeout=_LIMIT)


async def _remote(order_id: str) -> None:
    await workflow.execute_activity(step, order_id, start_to_close_timeout=_LIMIT)


@workflow.defn
class BareValidate:
    """check-inventory, confirm."""

    @workflow.run
    async def run(self, order_id: str) -> None:
        await _local(order_id, 2)


@workflow.defn
class BareFulfill:
    """read-order, charge, record, reserve, label, record."""

    @workflow.run
    async def run(self, order_id: str) -> None:
        await _local(order_id, 1)
        await _remote(order_id)
        await _local(order_id, 2)
        await _remote(order_id)
        await _local(order_id, 1)


@workflow.defn
class BareNotify:
    """Two messages."""

    @workflow.run
    async def run(self, order_id: str) -> None:
        await _local(order_id, 2)


BARE: Final = (BareValidate, BareFulfill, BareNotify)
