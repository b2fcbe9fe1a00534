"""The shapes that go into and come out of the event store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

NO_STREAM = 0
ANY = -1
STREAM_EXISTS = -2


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `data` and `metadata` are JSON objects; `id` makes the append idempotent."""

    id: UUID
    type: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event of the log. `position` orders the whole log, `version` (1-based) its stream; `recorded_at` is UTC."""

    position: int
    stream: str
    version: int
    id: UUID
    type: str
    schema_version: int
    data: dict[str, Any]
    metadata: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class AppendResult:
    """Where an append landed. `duplicate`: it had landed before, and this is that first result."""

    version: int
    first_position: int
    last_position: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Events of the whole log in order, and the position up to which the log has been looked through."""

    events: list[RecordedEvent]
    position: int


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream's size and age. Versions have no gaps, so the version is the event count."""

    name: str
    version: int
    created_at: datetime
    last_event_at: datetime

    @property
    def event_count(self) -> int:
        return self.version
