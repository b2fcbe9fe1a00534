"""Deliveries: one event to one endpoint each, pending, delivered or parked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg

from webhooks import statements
from webhooks.errors import NotParked, UnknownDelivery

MAX_ATTEMPTS: Final = 200
_LAST: Final = (2**63 - 1, "~")


class State(StrEnum):
    """State of a delivery. A parked one needs an operator."""

    PENDING = "pending"
    DELIVERED = "delivered"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to one endpoint. `position` is the event's in the log; times are UTC. `since`: when it last became
    pending; `last_response`: the first bytes of the response to the last failed attempt."""

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
class Attempt:
    """An attempt at a delivery. error: None where it was accepted; response: its first bytes."""

    at: datetime
    status: int | None
    error: str | None
    response: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Page of deliveries. after: cursor of the next page, None on the last."""

    rows: list[Delivery]
    after: str | None


class Deliveries:
    """The deliveries' table."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def next(self, endpoint_id: str, order_id: str) -> tuple[int, float] | None:
        """Position and age in seconds of an order's first pending delivery; None where there is nothing to send."""
        row = await self._pool.fetchrow(statements.NEXT, endpoint_id, order_id)
        return (row["position"], row["age"]) if row else None

    async def target(self, endpoint_id: str, position: int) -> str | None:
        """The URL of a pending delivery; None where it is not pending, or its endpoint is disabled."""
        found: str | None = await self._pool.fetchval(statements.TARGET, endpoint_id, position)
        return found

    async def delivered(self, endpoint_id: str, position: int, status: int, response: str = "") -> None:
        """Record the attempt that was accepted."""
        await self._pool.execute(statements.DELIVERED, endpoint_id, position, status, response)

    async def failed(
        self, endpoint_id: str, position: int, status: int | None, error: str, response: str | None, again_in: float
    ) -> None:
        """Record a failed attempt. again_in: seconds until the next one."""
        await self._pool.execute(statements.FAILED, endpoint_id, position, status, error, response, again_in)

    async def park(self, endpoint_id: str, position: int, reason: str | None = None) -> None:
        """Park a pending delivery. reason: None keeps the last attempt's error."""
        await self._pool.execute(statements.PARK, endpoint_id, position, reason)

    async def retry(self, delivery_id: str) -> Delivery:
        """Make a parked delivery pending; the relay signals its workflow. Raises UnknownDelivery, NotParked."""
        endpoint_id, position = _parts(delivery_id)
        done = await self._pool.execute(statements.RETRY, endpoint_id, position)
        delivery = await self.get(delivery_id)
        if done != "UPDATE 1":
            raise NotParked(delivery_id, delivery.state)
        return delivery

    async def get(self, delivery_id: str) -> Delivery:
        """Raises UnknownDelivery."""
        row = await self._pool.fetchrow(statements.DELIVERY, *_parts(delivery_id))
        if row is None:
            raise UnknownDelivery(delivery_id)
        return Delivery(*row)

    async def attempts(self, delivery: Delivery) -> list[Attempt]:
        """Return the attempts at a delivery, the latest first, at most MAX_ATTEMPTS."""
        rows = await self._pool.fetch(statements.ATTEMPTS, delivery.endpoint_id, delivery.position, MAX_ATTEMPTS)
        return [Attempt(*row) for row in rows]

    async def list(
        self,
        *,
        endpoint_id: str | None = None,
        state: State | None = None,
        order_id: str | None = None,
        event_type: str | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> Page:
        """Return a page, the newest event first. after: the last delivery's id of the page before. Raises UnknownDelivery."""
        endpoint_before, position = _parts(after) if after else (_LAST[1], _LAST[0])
        wanted = [("endpoint_id", endpoint_id), ("state", state), ("order_id", order_id), ("event_type", event_type)]
        given = [(column, str(value)) for column, value in wanted if value is not None]
        filters = "".join(f" and {column} = ${number}" for number, (column, _) in enumerate(given, 4))
        values = [value for _, value in given]
        page = statements.DELIVERIES.format(filters=filters)
        rows = await self._pool.fetch(page, position, endpoint_before, limit + 1, *values)
        found = [Delivery(*row) for row in rows[:limit]]
        return Page(found, found[-1].id if len(rows) > limit else None)

    async def parked(self) -> int:
        return int(await self._pool.fetchval(statements.PARKED))


def _parts(delivery_id: str) -> tuple[str, int]:
    endpoint_id, _, position = delivery_id.rpartition(".")
    is_number = position.isascii() and position.isdigit() and len(position) < 19
    if not is_number or not endpoint_id.isprintable():
        raise UnknownDelivery(delivery_id)
    return endpoint_id, int(position)
