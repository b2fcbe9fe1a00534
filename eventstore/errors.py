"""Errors of the event store, with their facts as attributes."""

from typing import Any
from uuid import UUID

import asyncpg

DATABASE_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Errors of asyncpg while the database or the connection is lost, time-outs included."""
POSITION_PASSED = "ORSEQ"
"""The SQLSTATE of eventstore.refuse_passed()."""


class EventStoreError(Exception):
    """Base of every refusal of the event store."""


class WrongExpectedVersion(EventStoreError):
    """The stream is not at the version the append was decided on. Load it again and decide again."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"stream {stream!r} is at version {actual}, expected {_EXPECTED.get(expected, expected)}")
        self.stream, self.expected, self.actual = stream, expected, actual


_EXPECTED = {0: "no stream", -2: "an existing stream"}


class UnexpectedVersion(EventStoreError):
    """The stream is at none of the versions that the caller of the command expects; nothing was appended. Read `state`, which
    is the stream's at version `actual`, and decide again."""

    def __init__(self, stream: str, expected: frozenset[int], actual: int, state: Any) -> None:
        wanted = " or ".join(map(str, sorted(expected))) or "another one"
        super().__init__(f"stream {stream!r} is at version {actual}, expected {wanted}")
        self.stream, self.expected, self.actual, self.state = stream, expected, actual, state


class EventIdReused(EventStoreError):
    """Some of the ids are in the log already, from another append. Ids must be unique to one append."""

    def __init__(self, stream: str, ids: tuple[UUID, ...]) -> None:
        super().__init__(f"append to {stream!r} reuses event ids of another append: {', '.join(map(str, ids[:3]))}")
        self.stream, self.ids = stream, ids


class InvalidEvent(EventStoreError):
    """Refused before any statement is sent. `path` names the field (`data.items[2].name`), `problem` what is wrong."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = path, problem

    @property
    def data_path(self) -> str:
        """The path within the data of the first event, "" for all of it."""
        return self.path.removeprefix("events[0]").removeprefix(".data").removeprefix(".")


class SequenceBehindLog(EventStoreError):
    """Readers have passed the next position already and would never see the event. An operator sets the sequence."""

    def __init__(self, stream: str) -> None:
        super().__init__(
            f"append to {stream!r} refused: eventstore.event_position is behind the log, and no reader would see the event; "
            "set it as described in docs/operations.md under 'A sequence behind the log'"
        )
        self.stream = stream


class UnknownEventType(EventStoreError):
    """The log holds a type this program does not know: deploy the version that writes it, or register the type."""

    def __init__(self, event_type: str) -> None:
        super().__init__(f"unknown event type {event_type!r}")
        self.event_type = event_type


class UnknownSchemaVersion(EventStoreError):
    """An event newer than this program, or an old one without an upcaster."""

    def __init__(self, event_type: str, version: int, newest: int) -> None:
        super().__init__(
            f"event {event_type!r} has schema version {version}, this program knows 1 to {newest}"
            if version > newest
            else f"event {event_type!r} has schema version {version} and no upcaster lifts it to {newest}"
        )
        self.event_type, self.version, self.newest = event_type, version, newest


class UndecodableEvent(EventStoreError):
    """The stored data does not fit its registered model."""

    def __init__(self, event_type: str, position: int, reason: str) -> None:
        super().__init__(f"event {event_type!r} at position {position} does not decode: {reason}")
        self.event_type, self.position, self.reason = event_type, position, reason


class CheckpointMoved(EventStoreError):
    """Another runner advanced this subscription; the transaction is rolled back."""

    def __init__(self, name: str, expected: int) -> None:
        super().__init__(f"checkpoint of {name!r} is no longer at {expected}: another runner owns it")
        self.name, self.expected = name, expected


class PooledByTransaction(EventStoreError):
    """The connection goes through a pooler in transaction mode: connect directly, or through a pool in session mode."""

    def __init__(self) -> None:
        super().__init__(
            "the database's address leads to a pooler in transaction mode, which loses the locks, the role and LISTEN of a "
            "session: connect directly, or through a pool in session mode"
        )
