"""Switches that make the simulated gateways fail, kept in the database so that any process can turn them."""

from typing import Literal, TypeAlias

from activities.gateways.simulated_call import Pool

Operation: TypeAlias = Literal["payment.charge", "payment.void", "payment.refund", "shipping.create", "shipping.void"]
FaultKind: TypeAlias = Literal["unavailable", "lost_reply", "hang"]

# Writes one row by the primary key of faults.
SET = """
insert into simulated.faults (operation, kind, probability, remaining, delay_seconds)
values ($1, $2, $3, $4, $5)
on conflict on constraint faults_pkey do update
set kind = excluded.kind,
    probability = excluded.probability,
    remaining = excluded.remaining,
    delay_seconds = excluded.delay_seconds
"""

# Deletes one row by the primary key of faults, or all of its five at most.
CLEAR = "delete from simulated.faults f where $1::text is null or f.operation = $1"


class Faults:
    """The fault switches of the simulated gateways, one per operation, all off until set."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def set(
        self,
        operation: Operation,
        kind: FaultKind,
        probability: float = 1.0,
        remaining: int | None = None,
        delay_seconds: float = 0.0,
    ) -> None:
        """Make the operation fail from now on, in place of what was set for it before.

        unavailable: GatewayUnavailable without an effect. lost_reply: the effect, then GatewayUnavailable. hang:
        the effect comes delay_seconds late. probability is from 0 to 1 per call, remaining the number of calls to
        hit (None: no end). With the first two kinds a delay_seconds above 0 is the retry_after of the error.
        """
        await self._pool.execute(SET, operation, kind, probability, remaining, delay_seconds)

    async def clear(self, operation: Operation | None = None) -> None:
        """Switch off the operation's fault, or all of them."""
        await self._pool.execute(CLEAR, operation)
