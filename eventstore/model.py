"""Events, pages and results of the event store."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from eventstore.errors import UndecodableEvent

NO_STREAM = 0
ANY = -1
STREAM_EXISTS = -2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Digits of the smallest number that orjson refuses and other parsers accept; PostgreSQL writes out all digits of a number. Any
# so many in a row give three in a row of a sample.
_BEYOND_A_DOUBLE = 309
_STRIDE = 100
_DIGITS = re.compile("[0-9]{3}")


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `data` and `metadata` are JSON objects; `id` makes the append idempotent."""

    id: UUID
    type: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = 1


class RecordedEvent:
    """An event of the log. `position` orders the whole log, `version` (1-based) its stream; `recorded_at` is UTC.

    `data` and `metadata`, given as JSON text, are decoded on first access, so that an event which cannot be decoded fails
    alone: these and `recorded_at` raise UndecodableEvent.
    """

    __slots__ = ("_data", "_id", "_metadata", "_recorded_at", "position", "schema_version", "stream", "type", "version")

    def __init__(
        self,
        position: int,
        stream: str,
        version: int,
        id: UUID,
        type: str,
        schema_version: int,
        data: dict[str, Any] | str,
        metadata: dict[str, Any] | str,
        recorded_at: datetime | int | None,
    ) -> None:
        self.position, self.stream, self.version = position, stream, version
        self.type, self.schema_version = type, schema_version
        self._id, self._data, self._metadata, self._recorded_at = id, data, metadata, recorded_at

    @property
    def id(self) -> UUID:
        # The driver's subclass of UUID is neither equal to ours in every library nor cheap to convert for each event.
        return self._id if type(self._id) is UUID else UUID(int=self._id.int)

    @property
    def data(self) -> dict[str, Any]:
        self._data = self.parse_data()
        return self._data

    @property
    def data_text(self) -> str | None:
        """`data` as JSON text; None where it has been decoded, or where its reader must check the size of its numbers."""
        text = self._data
        if not isinstance(text, str) or (len(text) >= _BEYOND_A_DOUBLE and _DIGITS.search(text[::_STRIDE])):
            return None
        return text

    def parse_data(self) -> dict[str, Any]:
        """`data` without keeping it: a page of the log takes half the memory, and decoding half the time."""
        return self._decoded("data", self._data) if isinstance(self._data, str) else self._data

    @property
    def metadata(self) -> dict[str, Any]:
        if isinstance(self._metadata, str):
            self._metadata = self._decoded("metadata", self._metadata)
        return self._metadata

    @property
    def recorded_at(self) -> datetime:
        at = self._recorded_at
        if at is None:
            raise UndecodableEvent(self.type, self.position, "its time is beyond the years 1 to 9999")
        if not isinstance(at, datetime):
            at = self._recorded_at = _EPOCH + timedelta(microseconds=at)
        return at

    def _decoded(self, name: str, text: str) -> dict[str, Any]:
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise UndecodableEvent(self.type, self.position, f"{name}: {error.msg}") from None
        if not isinstance(value, dict):
            raise UndecodableEvent(self.type, self.position, f"{name} is no JSON object")
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecordedEvent) and self._facts() == other._facts()

    __hash__ = None  # type: ignore[assignment]

    def _facts(self) -> tuple[object, ...]:
        place = self.position, self.stream, self.version, self.id, self.type, self.schema_version
        return *place, self.data, self.metadata, self._recorded_at and self.recorded_at

    def __repr__(self) -> str:
        return f"RecordedEvent({self.position}, {self.stream!r}, {self.version}, {self.type!r})"


class AppendResult(NamedTuple):
    """Result of an append: the versions and positions of its events. `duplicate`: of an earlier, identical append."""

    version: int
    first_position: int
    last_position: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Events of the whole log in order, and the position up to which the log has been looked through.

    more: whether the log goes on behind it. A page may have fewer events than were asked for: it is bounded by bytes too.
    """

    events: list[RecordedEvent]
    position: int
    more: bool = False
