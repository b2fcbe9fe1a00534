"""Fault switches of the simulated gateways, in the database, so that any process can set them."""

from typing import Final, Literal, TypeAlias

import asyncpg
import orjson

from gateways.simulated import statements
from gateways.simulated.call import Operation, arrive

FaultKind: TypeAlias = Literal["unavailable", "lost_reply", "hang", "late_effect", "pending", "refused"]

_STATEMENTS: Final[dict[Operation, str]] = {
    "payment.charge": statements.CHARGE,
    "payment.void": statements.VOID_CHARGE,
    "payment.refund": statements.REFUND,
    "shipping.create": statements.CREATE_LABEL,
    "shipping.void": statements.VOID_LABEL,
}


class Faults:
    """The fault switches of the simulated gateways, one per operation, all off until set."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def set(
        self,
        operation: Operation,
        kind: FaultKind,
        probability: float = 1.0,
        remaining: int | None = None,
        delay_seconds: float = 0.0,
    ) -> None:
        """Make the operation fail from now on; replaces its earlier fault.

        unavailable: GatewayUnavailable without an effect. lost_reply: the effect, then GatewayUnavailable. hang: the
        effect comes delay_seconds late. late_effect: GatewayUnavailable at once, and the effect on `deliver`. pending: a new
        charge or refund waits for `decide`. refused: a new refund is refused for good. probability:
        0 to 1 for each call. remaining: number of calls to fail, None for no limit. With the first two kinds a delay_seconds
        above 0 is the retry_after of the error.
        """
        await self._pool.execute(statements.SET_FAULT, operation, kind, probability, remaining, delay_seconds)

    async def clear(self, operation: Operation | None = None) -> None:
        """Switch off the operation's fault, or all faults."""
        await self._pool.execute(statements.CLEAR_FAULTS, operation)

    async def decide(self, operation: Operation, key: str, *, succeeds: bool) -> None:
        """Let a pending charge or refund succeed, or fail, as the provider's bank does days later."""
        await self._pool.execute(statements.DECIDE, operation, key, succeeds)

    async def deliver(self) -> list[Operation]:
        """Apply the late calls to the ledger now, in their order, and return their operations.

        Their results are dropped. A key that was voided in the meantime refuses its call; a call that was repeated in the
        meantime has no further effect.
        """
        late = sorted(await self._pool.fetch(statements.REMOVE_LATE_CALLS), key=lambda row: int(row["id"]))
        for row in late:
            await arrive(self._pool, _STATEMENTS[row["operation"]], *orjson.loads(row["arguments"]))
        return [row["operation"] for row in late]
