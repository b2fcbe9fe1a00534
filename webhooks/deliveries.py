"""What is to be told, was told, or could not be: a row for each event and endpoint."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from webhooks.errors import NotParked, UnknownDelivery

# By deliveries_pending: the lowest position of an order; none while the endpoint is disabled.
_NEXT: Final = """
select d.position, extract(epoch from clock_timestamp() - d.since)::float as age
  from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
 where d.endpoint_id = $1 and d.order_id = $2 and d.state = 'pending' order by d.position limit 1"""
# By deliveries_pkey and endpoints_pkey.
_TARGET: Final = """
select e.url from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
 where d.endpoint_id = $1 and d.position = $2 and d.state = 'pending'"""
# The four outcomes, by deliveries_pkey. Only of a pending row: a parked one that an attempt still holds stays parked.
_DELIVERED: Final = """
update webhooks.deliveries
   set state = 'delivered', attempts = attempts + 1, last_status = $3, last_error = null, last_response = null,
       next_attempt_at = null, ended_at = clock_timestamp()
 where endpoint_id = $1 and position = $2 and state = 'pending'"""
_FAILED: Final = """
update webhooks.deliveries
   set attempts = attempts + 1, last_status = $3, last_error = $4, last_response = $5,
       next_attempt_at = clock_timestamp() + make_interval(secs => $6::float)
 where endpoint_id = $1 and position = $2 and state = 'pending'"""
_PARK: Final = """
update webhooks.deliveries
   set state = 'parked', last_error = coalesce($3, last_error, 'was not tried in time: the endpoint answered nobody'),
       next_attempt_at = null, ended_at = clock_timestamp()
 where endpoint_id = $1 and position = $2 and state = 'pending'"""
_RETRY: Final = """
update webhooks.deliveries
   set state = 'pending', signalled_at = null, since = clock_timestamp(), ended_at = null
 where endpoint_id = $1 and position = $2 and state = 'parked'"""
_COLUMNS: Final = """endpoint_id, position, order_id, event_id, event_type, state, attempts, last_status, last_error,
       last_response, next_attempt_at, since, ended_at"""
# A page, newest first, by deliveries_pkey for an endpoint, deliveries_by_state for a state, deliveries_newest for all.
_PAGE: Final = f"""
select {_COLUMNS} from webhooks.deliveries where (position, endpoint_id) < ($1, $2) {{filters}}
 order by position desc, endpoint_id desc limit $3"""
_GET: Final = f"select {_COLUMNS} from webhooks.deliveries where endpoint_id = $1 and position = $2"
# A count by deliveries_by_state.
_PARKED: Final = "select count(*) from webhooks.deliveries where state = 'parked'"
_LAST: Final = (2**63 - 1, "~")


class State(StrEnum):
    """How a delivery stands. Parked ones wait for a person."""

    PENDING = "pending"
    DELIVERED = "delivered"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to one endpoint. `position` is the event's in the log; times are UTC. `since`: when it last became
    pending; `last_response`: the first bytes of what a failed attempt was answered."""

    endpoint_id: str
    position: int
    order_id: str
    event_id: UUID
    event_type: str
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    last_response: str | None
    next_attempt_at: datetime | None
    since: datetime
    ended_at: datetime | None

    @property
    def id(self) -> str:
        """`{endpointId}.{position}`."""
        return f"{self.endpoint_id}.{self.position}"


@dataclass(frozen=True, slots=True)
class Page:
    """Deliveries, and what to go on after; None at the end."""

    rows: list[Delivery]
    after: str | None


class Deliveries:
    """The table of deliveries."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def next(self, endpoint_id: str, order_id: str) -> tuple[int, float] | None:
        """Position and age in seconds of an order's first pending delivery; None where there is nothing to send."""
        row = await self._pool.fetchrow(_NEXT, endpoint_id, order_id)
        return (row["position"], row["age"]) if row else None

    async def target(self, endpoint_id: str, position: int) -> str | None:
        """The URL of a pending delivery; None where it is not to be sent now, or any more."""
        found: str | None = await self._pool.fetchval(_TARGET, endpoint_id, position)
        return found

    async def delivered(self, endpoint_id: str, position: int, status: int) -> None:
        await self._pool.execute(_DELIVERED, endpoint_id, position, status)

    async def failed(
        self, endpoint_id: str, position: int, status: int | None, error: str, response: str | None, again_in: float
    ) -> None:
        """Note an attempt that failed. again_in: seconds until the next one."""
        await self._pool.execute(_FAILED, endpoint_id, position, status, error, response, again_in)

    async def park(self, endpoint_id: str, position: int, reason: str | None = None) -> None:
        """Set it aside. reason: None keeps the last attempt's error."""
        await self._pool.execute(_PARK, endpoint_id, position, reason)

    async def retry(self, delivery_id: str) -> Delivery:
        """Make a parked delivery pending once more; the relay sees to the rest. Raises UnknownDelivery, NotParked."""
        endpoint_id, position = _parts(delivery_id)
        done = await self._pool.execute(_RETRY, endpoint_id, position)
        delivery = await self.get(delivery_id)
        if done != "UPDATE 1":
            raise NotParked(delivery_id, delivery.state)
        return delivery

    async def get(self, delivery_id: str) -> Delivery:
        """Raises UnknownDelivery."""
        row = await self._pool.fetchrow(_GET, *_parts(delivery_id))
        if row is None:
            raise UnknownDelivery(delivery_id)
        return Delivery(*row)

    async def list(
        self, *, endpoint_id: str | None = None, state: State | None = None, limit: int = 50, after: str | None = None
    ) -> Page:
        """A page, the newest event first. after: the last delivery's id of the page before. Raises UnknownDelivery."""
        endpoint_before, position = _parts(after) if after else (_LAST[1], _LAST[0])
        asked = [("endpoint_id", endpoint_id), ("state", state)]
        given = [(column, str(value)) for column, value in asked if value is not None]
        filters = "".join(f" and {column} = ${number}" for number, (column, _) in enumerate(given, 4))
        values = [value for _, value in given]
        rows = await self._pool.fetch(_PAGE.format(filters=filters), position, endpoint_before, limit + 1, *values)
        found = [Delivery(*row) for row in rows[:limit]]
        return Page(found, found[-1].id if len(rows) > limit else None)

    async def parked(self) -> int:
        """How many are set aside."""
        return int(await self._pool.fetchval(_PARKED))


def _parts(delivery_id: str) -> tuple[str, int]:
    endpoint_id, _, position = delivery_id.rpartition(".")
    is_number = position.isascii() and position.isdigit() and len(position) < 19
    if not is_number or not endpoint_id.isprintable():
        raise UnknownDelivery(delivery_id)
    return endpoint_id, int(position)
