"""What we know of each EasyPost shipment, by its key. Every statement is one step that either finds the row as it was
when it was decided on, or changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

_COLUMNS = """
    s.state, s.fingerprint, s.shipment_id, s.tracking_number, s.carrier, s.refusal_reason, s.buying_until,
    greatest(extract(epoch from s.buying_until - now()), 0)::float8 as buying_seconds
"""

# Leans on the primary key: the second caller with a key waits for the first and then reads its row.
OPEN = """
insert into gateways.easypost_shipments (key, order_id, fingerprint) values ($1, $2, $3)
on conflict on constraint easypost_shipments_pkey do nothing
"""

# As above; a key that was never used is void from here on.
BURY = """
insert into gateways.easypost_shipments (key, state, void_reason, voided_at) values ($1, 'voided', $2, now())
on conflict on constraint easypost_shipments_pkey do nothing
"""

# Reads one row by its primary key.
READ = f"select {_COLUMNS} from gateways.easypost_shipments s where s.key = $1"

_UPDATE = "update gateways.easypost_shipments s set updated_at = now(),"

# Each updates one row by its primary key, and only in the states it names.
STORE = f"{_UPDATE} shipment_id = $2, state = 'created' where s.key = $1 and s.state = 'new'"
BUY = f"""
{_UPDATE} state = 'buying', buying_until = now() + make_interval(secs => $2)
where s.key = $1 and (s.state = 'created' or (s.state = 'buying' and s.buying_until <= now()))
returning s.buying_until
"""
NOT_BOUGHT = f"""
{_UPDATE} state = 'created', buying_until = null
where s.key = $1 and s.state = 'buying' and s.buying_until = $2
"""
BOUGHT = f"""
{_UPDATE} tracking_number = $2, carrier = $3,
    state = case s.state when 'voided' then 'voiding' else 'bought' end
where s.key = $1 and s.state in ('buying', 'voided') and s.tracking_number is null
"""
REFUSE = f"""
{_UPDATE} state = 'refused', refusal_reason = $2
where s.key = $1 and (s.state in ('new', 'created') or (s.state = 'buying' and s.buying_until = $3))
"""
VOID_BOUGHT = f"""
{_UPDATE} state = 'voiding', void_reason = $2, voided_at = now()
where s.key = $1 and s.state = 'bought'
"""
VOID_UNBOUGHT = f"""
{_UPDATE} state = 'voided', void_reason = $2, voided_at = now()
where s.key = $1 and (
    s.state in ('new', 'created', 'refused')
    or (s.state = 'buying' and s.buying_until = $3 and s.buying_until <= now())
)
"""
SETTLE = f"{_UPDATE} state = $2 where s.key = $1 and s.state in ('voiding', 'void_refused')"


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A key's row. buying_seconds: how long a call that buys may still be under way; buying_until names that call."""

    state: str
    fingerprint: str | None
    shipment_id: str | None
    tracking_number: str | None
    carrier: str | None
    refusal_reason: str | None
    buying_until: datetime | None
    buying_seconds: float | None


class EasyPostLedger:
    """The rows of gateways.easypost_shipments. What says "whether" answers False where the row has gone on meanwhile."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def open(self, key: str, order_id: str, fingerprint: str) -> ShipmentRow:
        """The key's row, new if there was none."""
        await self._pool.execute(OPEN, key, order_id, fingerprint)
        return await self.read(key)

    async def bury(self, key: str, reason: str) -> ShipmentRow:
        """The key's row, void if there was none."""
        await self._pool.execute(BURY, key, reason)
        return await self.read(key)

    async def read(self, key: str) -> ShipmentRow:
        row = await self.find(key)
        if row is None:
            raise RuntimeError("rows are never deleted")
        return row

    async def find(self, key: str) -> ShipmentRow | None:
        row = await self._pool.fetchrow(READ, key)
        return ShipmentRow(**row) if row else None

    async def store(self, key: str, shipment_id: str) -> bool:
        """Whether the key has this shipment from now on."""
        return await self._changed(STORE, key, shipment_id)

    async def buy(self, key: str, seconds: float) -> datetime | None:
        """The name of the one call that may buy now, within so many seconds; None where nobody may."""
        until: datetime | None = await self._pool.fetchval(BUY, key, seconds)
        return until

    async def not_bought(self, key: str, call: datetime) -> bool:
        """Whether the call had no effect and another may follow at once."""
        return await self._changed(NOT_BOUGHT, key, call)

    async def bought(self, key: str, tracking_number: str, carrier: str) -> ShipmentRow:
        """The key's row with its label; one that is void already has a label to be taken back."""
        await self._pool.execute(BOUGHT, key, tracking_number, carrier)
        return await self.read(key)

    async def refuse(self, key: str, reason: str, call: datetime | None) -> ShipmentRow:
        """The key's row, refused for good unless it has gone on."""
        await self._pool.execute(REFUSE, key, reason, call)
        return await self.read(key)

    async def void_bought(self, key: str, reason: str) -> bool:
        """Whether the label is to be taken back from now on."""
        return await self._changed(VOID_BOUGHT, key, reason)

    async def void_unbought(self, key: str, reason: str, call: datetime | None) -> bool:
        """Whether nothing was bought, `call` included, and nothing will be."""
        return await self._changed(VOID_UNBOUGHT, key, reason, call)

    async def settle(self, key: str, state: str) -> None:
        """How taking the label back stands: voiding, void_refused or voided, which is final."""
        await self._pool.execute(SETTLE, key, state)

    async def _changed(self, statement: str, *arguments: object) -> bool:
        return (await self._pool.execute(statement, *arguments)) == "UPDATE 1"
