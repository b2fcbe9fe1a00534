"""Switches that make the simulated gateways fail, kept in the database so that any process can turn them."""

from typing import Final, Literal, TypeAlias

import asyncpg
import orjson

from gateways.simulated.call import Operation, arrive
from gateways.simulated.payment import CHARGE, REFUND
from gateways.simulated.payment import VOID as VOID_CHARGE
from gateways.simulated.shipping import CREATE
from gateways.simulated.shipping import VOID as VOID_LABEL

FaultKind: TypeAlias = Literal["unavailable", "lost_reply", "hang", "late_effect"]

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

# Deletes all there is and answers with it: a call that two deliver arrives once.
TAKE = "delete from simulated.late_calls l returning l.id, l.operation, l.arguments::text as arguments"

_STATEMENTS: Final[dict[Operation, str]] = {
    "payment.charge": CHARGE,
    "payment.void": VOID_CHARGE,
    "payment.refund": REFUND,
    "shipping.create": CREATE,
    "shipping.void": VOID_LABEL,
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
        """Make the operation fail from now on, in place of what was set for it before.

        unavailable: GatewayUnavailable without an effect. lost_reply: the effect, then GatewayUnavailable. hang:
        the effect comes delay_seconds late. late_effect: GatewayUnavailable at once, and the effect when it is
        delivered. probability is from 0 to 1 per call, remaining the number of calls to
        hit (None: no end). With the first two kinds a delay_seconds above 0 is the retry_after of the error.
        """
        await self._pool.execute(SET, operation, kind, probability, remaining, delay_seconds)

    async def clear(self, operation: Operation | None = None) -> None:
        """Switch off the operation's fault, or all of them."""
        await self._pool.execute(CLEAR, operation)

    async def deliver(self) -> list[Operation]:
        """Let the calls that met a late_effect reach the ledger now, in their order; which ones did.

        Nobody hears the answers. What was voided meanwhile refuses them, what was repeated meanwhile knows them.
        """
        late = sorted(await self._pool.fetch(TAKE), key=lambda row: int(row["id"]))
        for row in late:
            await arrive(self._pool, _STATEMENTS[row["operation"]], *orjson.loads(row["arguments"]))
        return [row["operation"] for row in late]
