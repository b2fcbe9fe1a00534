"""Load a stream, decide, append with the version decided on. Generic over the domain."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid5

from eventstore.codec import Codec
from eventstore.errors import EventIdReused, UnexpectedVersion, WrongExpectedVersion
from eventstore.model import NO_STREAM, AppendResult, NewEvent, RecordedEvent
from eventstore.tracing import span

C = TypeVar("C")
E = TypeVar("E", bound=Any)
S = TypeVar("S")

_EVENT_IDS = UUID("5b1d4b0e-27f1-4a3a-9a06-6f3d3a9f2c11")
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """A stream's folded state, its version and last position (0: no stream), and the ids of its events."""

    state: S
    version: int
    position: int
    ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Handled(Generic[S]):
    """Result of a command: the state after it, the stream's version and last position. `changed` is False for a repetition."""

    state: S
    version: int
    position: int
    changed: bool


def event_id(command_id: str, index: int) -> UUID:
    """The id of a command's index-th event: the same command again makes the same ids."""
    return uuid5(_EVENT_IDS, f"{command_id}:{index}")


class Streams(Protocol):
    """The part of `EventStore` that a handler uses."""

    def stream(self, stream: str) -> AsyncIterator[RecordedEvent]: ...

    async def append(self, stream: str, events: Sequence[NewEvent], *, expected: int) -> AppendResult: ...


class CommandHandler(Generic[C, E, S]):
    """Applies commands to streams, idempotently by command id and safely beside other writers."""

    def __init__(
        self,
        store: Streams,
        codec: Codec[E],
        *,
        decide: Callable[[C, S], list[E]],
        evolve: Callable[[S, E], S],
        initial_state: Callable[[], S],
    ) -> None:
        self._store, self._codec = store, codec
        self._decide, self._evolve, self._initial = decide, evolve, initial_state

    async def events(self, stream: str) -> AsyncGenerator[tuple[RecordedEvent, E], None]:
        """A stream's events, as recorded and typed. Raises what the codec raises."""
        async for recorded in self._store.stream(stream):
            yield recorded, self._codec.decode(recorded)

    async def load(self, stream: str) -> Loaded[S]:
        """Fold a stream. Raises the errors of the codec and of `evolve`; no event is skipped."""
        state, version, position, ids = self._initial(), 0, 0, []
        async for recorded in self._store.stream(stream):
            state = self._evolve(state, self._codec.decode(recorded))
            version, position = recorded.version, recorded.position
            ids.append(recorded.id)
        return Loaded(state, version, position, frozenset(ids))

    async def handle(
        self,
        stream: str,
        command: C,
        *,
        command_id: str,
        metadata: dict[str, Any] | None = None,
        expected: frozenset[int] | None = None,
    ) -> Handled[S]:
        """Decide and append; retried from the load on a version conflict. expected: versions that the caller has seen, None for
        any; a repeated command is answered at every version, and a stream without events is left to `decide`.

        Raises UnexpectedVersion, the refusals of `decide`, and EventIdReused where the id was used for another stream.
        """
        with span(type(command).__name__, stream=stream):
            return await self._with_retries(stream, command, command_id, metadata or {}, expected)

    async def begin(
        self, stream: str, command: C, *, command_id: str, metadata: dict[str, Any] | None = None
    ) -> Handled[S]:
        """As `handle`, for a command that begins a stream: decided without reading it, and again as loaded where it exists."""
        with span(type(command).__name__, stream=stream):
            absent = Loaded(self._initial(), 0, 0, frozenset())
            return await self._with_retries(stream, command, command_id, metadata or {}, None, absent)

    async def _with_retries(
        self,
        stream: str,
        command: C,
        command_id: str,
        metadata: dict[str, Any],
        expected: frozenset[int] | None,
        assumed: Loaded[S] | None = None,
    ) -> Handled[S]:
        for attempt in range(_ATTEMPTS):
            try:
                loaded = assumed or await self.load(stream)
                return await self._once(stream, loaded, command, command_id, metadata, expected)
            except WrongExpectedVersion:
                assumed = None
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _once(
        self,
        stream: str,
        loaded: Loaded[S],
        command: C,
        command_id: str,
        metadata: dict[str, Any],
        expected: frozenset[int] | None,
    ) -> Handled[S]:
        first = event_id(command_id, 0)
        # In every attempt: the append after a conflict is decided on a version that the caller may not have seen.
        require_expected(stream, loaded, command_id, expected)
        if first not in loaded.ids and (events := self._decide(command, loaded.state)):
            new = [self._codec.encode(e, id=event_id(command_id, i), metadata=metadata) for i, e in enumerate(events)]
            try:
                result = await self._store.append(stream, new, expected=loaded.version or NO_STREAM)
            except EventIdReused:
                # A concurrent attempt at the same command won: its result is the answer.
                loaded = await self.load(stream)
                if first not in loaded.ids:
                    raise
            else:
                if not result.duplicate:
                    state = reduce(self._evolve, events, loaded.state)
                    return Handled(state, result.version, result.last_position, True)
                loaded = await self.load(stream)
        return Handled(loaded.state, loaded.version, loaded.position, False)


def require_expected(stream: str, loaded: Loaded[Any], command_id: str, expected: frozenset[int] | None) -> None:
    """Raise UnexpectedVersion where the stream is at a version that the caller does not expect, and the command is new."""
    if expected is None or not loaded.version or loaded.version in expected:
        return
    if event_id(command_id, 0) not in loaded.ids:
        raise UnexpectedVersion(stream, expected, loaded.version, loaded.state)
