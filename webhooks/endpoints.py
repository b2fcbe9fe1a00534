"""Who is told: endpoints with their secrets, kept in the database."""

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
from webhooks.addresses import Resolve, checked_url, resolve
from webhooks.errors import InvalidEndpoint, ReplayRunning, UnknownEndpoint
from webhooks.signing import new_secret
from webhooks.topics import checked_topics

READER: Final = "webhooks"
"""The name of the relay among the readers of the log."""
MAX_DESCRIPTION: Final = 512
OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)

_COLUMNS: Final = """id, url, topics, description, enabled, disabled_reason, disabled_after, starts_after,
       replay_after, replay_until, created_at, updated_at"""
_INSERT: Final = f"""
insert into webhooks.endpoints (id, url, topics, description, starts_after) values ($1, $2, $3, $4, $5)
    on conflict (id) do nothing returning {_COLUMNS}"""
# All of them, or one by the primary key: a table of a few rows.
_LIST: Final = f"select {_COLUMNS} from webhooks.endpoints where $1::text is null or id = $1 order by created_at, id"
_UPDATE: Final = f"""
update webhooks.endpoints
   set url = coalesce($2, url), topics = coalesce($3, topics), description = coalesce($4, description),
       updated_at = clock_timestamp()
 where id = $1 returning {_COLUMNS}"""
_ENABLE: Final = """
update webhooks.endpoints
   set enabled = true, disabled_reason = null, disabled_after = null, updated_at = clock_timestamp() where id = $1"""
# By deliveries_pending: what waited is signalled anew.
_WAKE: Final = "update webhooks.deliveries set signalled_at = null where endpoint_id = $1 and state = 'pending'"
_DISABLE: Final = """
update webhooks.endpoints
   set enabled = false, disabled_reason = $2, disabled_after = $3, updated_at = clock_timestamp()
 where id = $1 and enabled"""
_REMOVE: Final = "delete from webhooks.endpoints where id = $1"
_ADD_SECRET: Final = "insert into webhooks.secrets (endpoint_id, secret) values ($1, $2)"
_EXPIRE: Final = """
update webhooks.secrets
   set expires_at = least(coalesce(expires_at, 'infinity'), clock_timestamp() + $2::interval) where endpoint_id = $1"""
_DROP_EXPIRED: Final = "delete from webhooks.secrets where endpoint_id = $1 and expires_at <= clock_timestamp()"
# By secrets_pkey; the newest signs first.
_SECRETS: Final = """
select secret from webhooks.secrets
 where endpoint_id = $1 and (expires_at is null or expires_at > clock_timestamp()) order by created_at desc"""
_REPLAY: Final = f"""
update webhooks.endpoints set replay_after = $2, replay_until = $3
 where id = $1 and replay_after is null returning {_COLUMNS}"""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go, and which. Positions are the log's: events after `starts_after` are sent, those after
    `disabled_after` were not while it was disabled; a replay under way has come to `replay_after` of `replay_until`."""

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
    """The table of endpoints. allow_private: also in private networks, and without TLS."""

    def __init__(
        self, pool: asyncpg.Pool, store: EventStore, *, allow_private: bool = False, resolve: Resolve = resolve
    ) -> None:
        self._pool, self._store = pool, store
        self._allow_private, self._resolve = allow_private, resolve

    async def add(
        self, url: str, topics: Sequence[str], description: str = "", *, command_id: str | None = None
    ) -> tuple[Endpoint, str]:
        """A new endpoint, told of what happens from now on, and its secret, which is shown this once.

        command_id: the same again makes no second one. Raises InvalidEndpoint.
        """
        url = await self._checked_url(url)
        wanted, described = checked_topics(topics), checked_description(description)
        id_, secret = _id(command_id or secrets.token_hex()), new_secret()
        async with transaction(self._pool) as connection:
            # The relay stands still meanwhile. Were it to pass a position before it can see this endpoint, the events
            # from here to there would be missed.
            await open_checkpoint(connection, READER, start=await self._store.head(connection))
            await lock_checkpoint(connection, READER)
            starts_after = await self._store.head(connection)
            row = await connection.fetchrow(_INSERT, id_, url, wanted, described, starts_after)
            if row is not None:
                await connection.execute(_ADD_SECRET, id_, secret)
                return Endpoint(*row), secret
        return await self.get(id_), (await self.secrets(id_))[0]

    async def all(self) -> list[Endpoint]:
        """All, the oldest first."""
        return [Endpoint(*row) for row in await self._pool.fetch(_LIST, None)]

    async def get(self, endpoint_id: str) -> Endpoint:
        """Raises UnknownEndpoint."""
        return _found(endpoint_id, await self._pool.fetchrow(_LIST, endpoint_id))

    async def change(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        topics: Sequence[str] | None = None,
        description: str | None = None,
    ) -> Endpoint:
        """Change what is given. Raises UnknownEndpoint, InvalidEndpoint."""
        await self.get(endpoint_id)
        url = None if url is None else await self._checked_url(url)
        wanted = None if topics is None else checked_topics(topics)
        described = None if description is None else checked_description(description)
        return _found(endpoint_id, await self._pool.fetchrow(_UPDATE, endpoint_id, url, wanted, described))

    async def remove(self, endpoint_id: str) -> None:
        """Remove it with its secrets and deliveries; what is under way ends by itself. Raises UnknownEndpoint."""
        if await self._pool.execute(_REMOVE, endpoint_id) != "DELETE 1":
            raise UnknownEndpoint(endpoint_id)

    async def enable(self, endpoint_id: str) -> int | None:
        """Send again, what waited first. The position from which events were passed over; None where none were.

        Raises UnknownEndpoint.
        """
        endpoint = await self.get(endpoint_id)
        async with transaction(self._pool) as connection:
            position = await self._lock_relay(connection)
            await connection.execute(_ENABLE, endpoint_id)
            await connection.execute(_WAKE, endpoint_id)
        passed_over = endpoint.disabled_after is not None and position > endpoint.disabled_after
        return (endpoint.disabled_after or 0) + 1 if passed_over else None

    async def disable(self, endpoint_id: str, reason: str) -> None:
        """Send nothing any more: what is pending waits, what happens meanwhile is passed over. Raises UnknownEndpoint."""
        async with transaction(self._pool) as connection:
            position = await self._lock_relay(connection)
            await connection.execute(_DISABLE, endpoint_id, reason, position)
        await self.get(endpoint_id)

    async def rotate(self, endpoint_id: str, overlap: timedelta = OVERLAP) -> str:
        """A new secret, shown this once. The older ones go on signing beside it for as long as `overlap`.

        Raises UnknownEndpoint, InvalidEndpoint.
        """
        if not timedelta() <= overlap <= MAX_OVERLAP:
            raise InvalidEndpoint("overlap", f"must be 0 seconds to {MAX_OVERLAP.days} days")
        await self.get(endpoint_id)
        secret = new_secret()
        async with transaction(self._pool) as connection:
            await connection.execute(_EXPIRE, endpoint_id, overlap)
            await connection.execute(_DROP_EXPIRED, endpoint_id)
            await connection.execute(_ADD_SECRET, endpoint_id, secret)
        return secret

    async def secrets(self, endpoint_id: str) -> list[str]:
        """Those that sign now, the newest first."""
        return [row[0] for row in await self._pool.fetch(_SECRETS, endpoint_id)]

    async def replay(self, endpoint_id: str, start: int) -> Endpoint:
        """Ask the relay to send everything from a position up to now once more.

        Raises UnknownEndpoint, ReplayRunning, InvalidEndpoint.
        """
        head = await self._store.head()
        if not 1 <= start <= max(head, 1):
            raise InvalidEndpoint("from", f"must be a position from 1 to {max(head, 1):,}, which is where the log ends")
        row = await self._pool.fetchrow(_REPLAY, endpoint_id, start - 1, head)
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
    """The text, which may be empty. Raises InvalidEndpoint."""
    if len(text) > MAX_DESCRIPTION or "\x00" in text:
        raise InvalidEndpoint("description", f"must be at most {MAX_DESCRIPTION} characters, without NUL")
    return text


def _id(command_id: str) -> str:
    return f"ep_{hashlib.sha256(command_id.encode()).hexdigest()[:16]}"


def _found(endpoint_id: str, row: asyncpg.Record | None) -> Endpoint:
    if row is None:
        raise UnknownEndpoint(endpoint_id)
    return Endpoint(*row)
