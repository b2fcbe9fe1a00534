"""What we know of each EasyPost shipment, by its key. Every statement is one step that either finds the row as it was
when it was decided on, or changes nothing."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

_COLUMNS = """
    s.state, s.fingerprint, s.shipment_id, s.tracking_number, s.carrier, s.refusal_reason,
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
# Locks the row first, to answer with what it held before.
BUY = """
with before as (
    select b.key, b.appears_until from gateways.easypost_shipments b where b.key = $1 for no key update
)
update gateways.easypost_shipments s set updated_at = now(), state = 'buying',
    buying_until = now() + make_interval(secs => $2), appears_until = now() + make_interval(secs => $3)
from before b
where s.key = b.key and (s.state = 'created' or (s.state = 'buying' and s.buying_until <= now()))
returning s.buying_until as until, b.appears_until as earlier
"""
# A voided row keeps its time, over from now on, so that the next look ends the void.
NOT_BOUGHT = f"""
{_UPDATE} buying_until = null,
    state = case s.state when 'buying' then 'created' else s.state end,
    appears_until = case s.state when 'buying' then $3 else coalesce($3, now()) end
where s.key = $1 and s.state in ('buying', 'voiding') and s.tracking_number is null and s.buying_until = $2
"""
REFUSE = f"{_UPDATE} state = 'refused', refusal_reason = $2 where s.key = $1 and s.state in ('new', 'created')"
VOID_BOUGHT = f"""
{_UPDATE} state = 'voiding', void_reason = $2, voided_at = now()
where s.key = $1 and s.state = 'bought'
"""
VOID_UNBOUGHT = f"""
{_UPDATE} state = case when s.appears_until is null then 'voided' else 'voiding' end, void_reason = $2, voided_at = now()
where s.key = $1 and s.state in ('new', 'created', 'buying', 'refused')
"""
NEVER_CAME = f"""
{_UPDATE} state = 'voided'
where s.key = $1 and s.state = 'voiding' and s.tracking_number is null and s.appears_until <= now()
"""
BOUGHT = f"""
{_UPDATE} tracking_number = $2, carrier = $3,
    state = case when s.state in ('created', 'buying') then 'bought' else 'voiding' end
where s.key = $1 and s.state in ('created', 'buying', 'voiding', 'voided') and s.tracking_number is null
"""
SETTLE = f"{_UPDATE} state = $2 where s.key = $1 and s.state in ('voiding', 'void_refused')"


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A key's row. buying_seconds: for how long a purchase may still be in progress, and no other may begin."""

    state: str
    fingerprint: str | None
    shipment_id: str | None
    tracking_number: str | None
    carrier: str | None
    refusal_reason: str | None
    buying_seconds: float | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """One call that buys, named by its time limit. earlier: until when purchases before it may still make a label."""

    until: datetime
    earlier: datetime | None


class EasyPostLedger:
    """The rows of gateways.easypost_shipments. Methods that return bool return False if the row changed in the meantime."""

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

    async def buy(self, key: str, seconds: float, may_appear: float) -> Purchase | None:
        """The one call that may buy now, or None. No other may for so many seconds; its label may appear for may_appear."""
        row = await self._pool.fetchrow(BUY, key, seconds, may_appear)
        return Purchase(**row) if row else None

    async def not_bought(self, key: str, purchase: Purchase) -> bool:
        """Whether the row still was in this purchase, which has had no effect: another may follow at once."""
        return await self._changed(NOT_BOUGHT, key, purchase.until, purchase.earlier)

    async def bought(self, key: str, tracking_number: str, carrier: str) -> ShipmentRow:
        """The key's row with its label; a row that is void has a label to be taken back from now on."""
        await self._pool.execute(BOUGHT, key, tracking_number, carrier)
        return await self.read(key)

    async def refuse(self, key: str, reason: str) -> ShipmentRow:
        """The key's row, refused for good unless it has changed in the meantime."""
        await self._pool.execute(REFUSE, key, reason)
        return await self.read(key)

    async def void_bought(self, key: str, reason: str) -> bool:
        """Whether the label is to be taken back from now on."""
        return await self._changed(VOID_BOUGHT, key, reason)

    async def void_unbought(self, key: str, reason: str) -> bool:
        """Whether no purchase begins from now on; where one may have made a label, the row is voiding without a label."""
        return await self._changed(VOID_UNBOUGHT, key, reason)

    async def never_came(self, key: str) -> bool:
        """Whether the row is voided for good: no label has appeared in the time in which one could."""
        return await self._changed(NEVER_CAME, key)

    async def settle(self, key: str, state: str) -> None:
        """How taking the label back stands: voiding, void_refused or voided, which is final."""
        await self._pool.execute(SETTLE, key, state)

    async def _changed(self, statement: str, *arguments: object) -> bool:
        return (await self._pool.execute(statement, *arguments)) == "UPDATE 1"
