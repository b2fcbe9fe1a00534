"""Endpoints and their secrets, in the database."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from eventstore.checkpoints import lock_checkpoint, open_checkpoint
from eventstore.connection import transaction
from eventstore.store import EventStore
from webhooks import statements
from webhooks.addresses import Resolve, checked_url, resolve
from webhooks.errors import InvalidEndpoint, ReplayRunning, UnknownEndpoint
from webhooks.signing import new_secret
from webhooks.topics import checked_topics

READER: Final = "webhooks"
"""The name of the relay among the readers of the log."""
MAX_DESCRIPTION: Final = 512
OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of webhooks. Positions are the log's: events after `starts_after` are sent, events after `disabled_after`
    were passed over while it was disabled; a running replay has reached `replay_after` of `replay_until`."""

    id: str
    url: str
    topics: list[str]
    description: str
    enabled: bool
    disabled_reason: str | None
    disabled_after: int | None
    starts_after: int
    replay_after: int | None
    replay_until: int | None
    created_at: datetime
    updated_at: datetime


class Endpoints:
    """The endpoints' table. allow_private: accept URLs in private networks and without TLS."""

    def __init__(
        self, pool: asyncpg.Pool, store: EventStore, *, allow_private: bool = False, resolve: Resolve = resolve
    ) -> None:
        self._pool, self._store = pool, store
        self._allow_private, self._resolve = allow_private, resolve

    async def add(
        self, url: str, topics: Sequence[str], description: str = "", *, command_id: str | None = None
    ) -> tuple[Endpoint, str]:
        """Add an endpoint for the events from now on; return it with its secret, which is shown this once.

        command_id: a repeated one adds no second endpoint. Raises InvalidEndpoint.
        """
        url = await self._checked_url(url)
        wanted, described = checked_topics(topics), checked_description(description)
        id_, secret = _id(command_id or secrets.token_hex()), new_secret()
        async with transaction(self._pool) as connection:
            # The relay waits for this lock. Were it to pass a position before it can see this endpoint, the events
            # up to there would be missed.
            await open_checkpoint(connection, READER, start=await self._store.head(connection))
            await lock_checkpoint(connection, READER)
            starts_after = await self._store.head(connection)
            row = await connection.fetchrow(statements.ADD_ENDPOINT, id_, url, wanted, described, starts_after)
            if row is not None:
                await connection.execute(statements.ADD_SECRET, id_, secret)
                return Endpoint(*row), secret
        return await self.get(id_), (await self.secrets(id_))[0]

    async def all(self) -> list[Endpoint]:
        """Return every endpoint, the oldest first."""
        return [Endpoint(*row) for row in await self._pool.fetch(statements.ENDPOINTS, None)]

    async def get(self, endpoint_id: str) -> Endpoint:
        """Raises UnknownEndpoint."""
        return _found(endpoint_id, await self._pool.fetchrow(statements.ENDPOINTS, endpoint_id))

    async def change(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        topics: Sequence[str] | None = None,
        description: str | None = None,
    ) -> Endpoint:
        """Change the given fields. Raises UnknownEndpoint, InvalidEndpoint."""
        await self.get(endpoint_id)
        url = None if url is None else await self._checked_url(url)
        wanted = None if topics is None else checked_topics(topics)
        described = None if description is None else checked_description(description)
        return _found(
            endpoint_id, await self._pool.fetchrow(statements.CHANGE_ENDPOINT, endpoint_id, url, wanted, described)
        )

    async def remove(self, endpoint_id: str) -> None:
        """Remove an endpoint with its secrets and deliveries; an attempt in progress ends by itself. Raises UnknownEndpoint."""
        if await self._pool.execute(statements.REMOVE_ENDPOINT, endpoint_id) != "DELETE 1":
            raise UnknownEndpoint(endpoint_id)

    async def enable(self, endpoint_id: str) -> int | None:
        """Enable an endpoint; its pending deliveries are sent first. Return the position from which events were passed over
        while it was disabled, None where none were.

        Raises UnknownEndpoint.
        """
        endpoint = await self.get(endpoint_id)
        async with transaction(self._pool) as connection:
            position = await self._lock_relay(connection)
            await connection.execute(statements.ENABLE, endpoint_id)
            await connection.execute(statements.WAKE, endpoint_id)
        passed_over = endpoint.disabled_after is not None and position > endpoint.disabled_after
        return (endpoint.disabled_after or 0) + 1 if passed_over else None

    async def disable(self, endpoint_id: str, reason: str) -> None:
        """Disable an endpoint: pending deliveries wait, events from now on are passed over. Raises UnknownEndpoint."""
        async with transaction(self._pool) as connection:
            position = await self._lock_relay(connection)
            await connection.execute(statements.DISABLE, endpoint_id, reason, position)
        await self.get(endpoint_id)

    async def rotate(self, endpoint_id: str, overlap: timedelta = OVERLAP) -> str:
        """Make a new secret, shown this once. The older ones keep signing beside it for as long as `overlap`.

        Raises UnknownEndpoint, InvalidEndpoint.
        """
        if not timedelta() <= overlap <= MAX_OVERLAP:
            raise InvalidEndpoint("overlap", f"must be 0 seconds to {MAX_OVERLAP.days} days")
        await self.get(endpoint_id)
        secret = new_secret()
        async with transaction(self._pool) as connection:
            await connection.execute(statements.EXPIRE_SECRETS, endpoint_id, overlap)
            await connection.execute(statements.DROP_EXPIRED_SECRETS, endpoint_id)
            await connection.execute(statements.ADD_SECRET, endpoint_id, secret)
        return secret

    async def secrets(self, endpoint_id: str) -> list[str]:
        """Return the secrets that sign now, the newest first."""
        return [row[0] for row in await self._pool.fetch(statements.SECRETS, endpoint_id)]

    async def replay(self, endpoint_id: str, start: int) -> Endpoint:
        """Have the relay send every event from a position up to now again.

        Raises UnknownEndpoint, ReplayRunning, InvalidEndpoint.
        """
        head = await self._store.head()
        if not 1 <= start <= max(head, 1):
            raise InvalidEndpoint("from", f"must be a position from 1 to {max(head, 1):,}, the end of the log")
        row = await self._pool.fetchrow(statements.REPLAY, endpoint_id, start - 1, head)
        if row is None:
            endpoint = await self.get(endpoint_id)
            raise ReplayRunning(endpoint_id, endpoint.replay_after or 0, endpoint.replay_until or 0)
        return Endpoint(*row)

    async def _checked_url(self, url: str) -> str:
        return await checked_url(url, allow_private=self._allow_private, resolve=self._resolve)

    async def _lock_relay(self, connection: asyncpg.Connection) -> int:
        await open_checkpoint(connection, READER)
        return await lock_checkpoint(connection, READER)


def checked_description(text: str) -> str:
    """Return the text, which may be empty. Raises InvalidEndpoint."""
    if len(text) > MAX_DESCRIPTION or "\x00" in text:
        raise InvalidEndpoint("description", f"must be at most {MAX_DESCRIPTION} characters, without NUL")
    return text


def _id(command_id: str) -> str:
    return f"ep_{hashlib.sha256(command_id.encode()).hexdigest()[:16]}"


def _found(endpoint_id: str, row: asyncpg.Record | None) -> Endpoint:
    if row is None:
        raise UnknownEndpoint(endpoint_id)
    return Endpoint(*row)
