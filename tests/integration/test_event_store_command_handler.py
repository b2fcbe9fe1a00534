"""Load, decide, append: once per command id, retried after a conflict, never past an unreadable event."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import ClassVar

import asyncpg
import pytest
from pydantic import BaseModel

from eventstore.codec import Codec
from eventstore.command_handler import CommandHandler, Handled, event_id
from eventstore.errors import EventIdReused, UnexpectedVersion, UnknownEventType
from eventstore.model import ANY, RecordedEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event

STREAM = "counter-1"


class Added(BaseModel):
    event_type: ClassVar[str] = "counter.added"
    schema_version: ClassVar[int] = 1
    amount: int


class Filled(BaseModel):
    event_type: ClassVar[str] = "counter.filled"
    schema_version: ClassVar[int] = 1


@dataclass(frozen=True)
class Add:
    """Add to a counter that is full at `full`; adding nothing is no change, more than what is free a refusal."""

    amount: int
    full: int = 1_000


class Overfull(Exception):
    pass


def decide(command: Add, count: int) -> list[Added | Filled]:
    if count + command.amount > command.full:
        raise Overfull
    if command.amount == 0:
        return []
    added = Added(amount=command.amount)
    return [added, Filled()] if count + command.amount == command.full else [added]


def evolve(count: int, event: Added | Filled) -> int:
    return count + event.amount if isinstance(event, Added) else count


Counter = CommandHandler[Add, Added | Filled, int]


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@pytest.fixture
def counter(store: EventStore) -> Counter:
    return CommandHandler(store, Codec([Added, Filled]), decide=decide, evolve=evolve, initial_state=int)


async def test_given_no_stream_when_a_command_is_handled_then_its_events_are_in_the_log(
    counter: Counter, store: EventStore
) -> None:
    handled = await counter.handle(STREAM, Add(5, full=5), command_id="c1", metadata={"actor": "anna"})

    assert handled == Handled(state=5, version=2, position=2, changed=True)
    read = await store.read_stream(STREAM)
    assert [event.type for event in read] == ["counter.added", "counter.filled"]
    assert [event.id for event in read] == [event_id("c1", 0), event_id("c1", 1)]
    assert {event.metadata["actor"] for event in read} == {"anna"}


async def test_given_a_handled_command_when_it_comes_again_then_nothing_changes_even_where_it_would_be_refused_now(
    counter: Counter,
) -> None:
    await counter.handle(STREAM, Add(5, full=5), command_id="c1")
    assert await counter.handle(STREAM, Add(5, full=5), command_id="c1") == Handled(5, 2, 2, changed=False)


async def test_given_a_command_that_changes_nothing_when_handled_then_nothing_is_appended(
    counter: Counter, store: EventStore
) -> None:
    assert await counter.handle(STREAM, Add(0), command_id="c1") == Handled(0, 0, 0, changed=False)
    assert await store.read_stream(STREAM) == []


async def test_given_a_command_the_decider_refuses_when_handled_then_its_error_comes_and_nothing_is_appended(
    counter: Counter, store: EventStore
) -> None:
    with pytest.raises(Overfull):
        await counter.handle(STREAM, Add(6, full=5), command_id="c1")
    assert await store.read_stream(STREAM) == []


async def test_given_32_twins_of_a_command_when_handled_at_once_then_one_changes_and_all_see_the_same(
    counter: Counter,
) -> None:
    handled = await asyncio.gather(*(counter.handle(STREAM, Add(5, full=5), command_id="c1") for _ in range(32)))
    assert sum(each.changed for each in handled) == 1
    assert {(each.state, each.version, each.position) for each in handled} == {(5, 2, 2)}


async def test_given_no_stream_when_a_command_begins_it_then_the_stream_is_not_read(store: EventStore) -> None:
    class Unread(EventStore):
        def stream(self, stream: str) -> AsyncIterator[RecordedEvent]:
            raise AssertionError(f"{stream} is read")

    unread: Counter = CommandHandler(
        Unread(store.pool, store.wakeup), Codec([Added, Filled]), decide=decide, evolve=evolve, initial_state=int
    )
    handled = await unread.begin(STREAM, Add(5, full=5), command_id="c1", metadata={"actor": "anna"})
    assert handled == Handled(state=5, version=2, position=2, changed=True)


async def test_given_a_stream_when_a_command_begins_it_again_then_nothing_changes(counter: Counter) -> None:
    for amount in (5, 1):
        first = await counter.begin(f"counter-{amount}", Add(amount, full=5), command_id=f"c{amount}")
        again = await counter.begin(f"counter-{amount}", Add(amount, full=5), command_id=f"c{amount}")
        assert first.changed
        assert again == replace(first, changed=False)


async def test_given_a_stream_when_another_command_begins_it_then_it_is_decided_on_the_stream(
    counter: Counter, store: EventStore
) -> None:
    await counter.begin(STREAM, Add(3), command_id="c1")
    assert (await counter.begin(STREAM, Add(1), command_id="c2")).state == 4
    with pytest.raises(Overfull):
        await counter.begin(STREAM, Add(2, full=5), command_id="c3")
    assert len(await store.read_stream(STREAM)) == 2


async def test_given_32_twins_of_a_command_when_they_begin_a_stream_at_once_then_one_changes_and_all_see_the_same(
    counter: Counter,
) -> None:
    handled = await asyncio.gather(*(counter.begin(STREAM, Add(5, full=5), command_id="c1") for _ in range(32)))
    assert sum(each.changed for each in handled) == 1
    assert {(each.state, each.version, each.position) for each in handled} == {(5, 2, 2)}


async def test_given_a_dozen_rivals_when_handled_at_once_then_each_decides_on_what_the_others_did(
    counter: Counter,
) -> None:
    handled = await asyncio.gather(*(counter.handle(STREAM, Add(1), command_id=f"c{i}") for i in range(12)))
    assert sorted(each.state for each in handled) == list(range(1, 13))
    assert all(each.changed and each.state == each.version for each in handled)
    assert (await counter.load(STREAM)).state == 12


async def test_given_a_rival_between_load_and_append_when_handled_then_the_decision_is_taken_again(
    store: EventStore,
) -> None:
    decided: list[int] = []

    def decide_late(command: Add, count: int) -> list[Added | Filled]:
        decided.append(count)
        return decide(command, count)

    class Overtaken(EventStore):
        async def append(self, stream, events, *, expected):  # type: ignore[no-untyped-def]
            if len(decided) == 1:
                await store.append(STREAM, [an_event("counter.added", amount=3)], expected=ANY)
            return await super().append(stream, events, expected=expected)

    slow: Counter = CommandHandler(
        Overtaken(store.pool, store.wakeup),
        Codec([Added, Filled]),
        decide=decide_late,
        evolve=evolve,
        initial_state=int,
    )

    assert await slow.handle(STREAM, Add(2), command_id="c1") == Handled(5, 2, 2, changed=True)
    assert decided == [0, 3]


@pytest.mark.parametrize(("expected", "accepted"), [({1}, True), ({1, 7}, True), ({2}, False), (set(), False)])
async def test_given_a_version_that_the_caller_has_seen_then_only_that_one_is_changed(
    expected: set[int], accepted: bool, counter: Counter
) -> None:
    await counter.handle(STREAM, Add(1), command_id="c1")
    if accepted:
        assert (await counter.handle(STREAM, Add(2), command_id="c2", expected=frozenset(expected))).state == 3
        again = await counter.handle(STREAM, Add(2), command_id="c2", expected=frozenset(expected))
        assert (again.state, again.changed) == (3, False)
        return
    with pytest.raises(UnexpectedVersion) as refused:
        await counter.handle(STREAM, Add(2), command_id="c2", expected=frozenset(expected))
    assert (refused.value.actual, refused.value.state) == (1, 1)
    assert (await counter.load(STREAM)).version == 1


async def test_given_a_twin_that_decided_on_another_state_when_handled_then_its_result_is_the_answer(
    counter: Counter, store: EventStore
) -> None:
    class Overtaken(EventStore):
        async def append(self, stream, events, *, expected):  # type: ignore[no-untyped-def]
            if len(events) == 2:
                await store.append(STREAM, [an_event("counter.added", amount=-1)], expected=ANY)
                await counter.handle(STREAM, Add(5, full=5), command_id="c1")
            return await super().append(stream, events, expected=expected)

    slow: Counter = CommandHandler(
        Overtaken(store.pool, store.wakeup),
        Codec([Added, Filled]),
        decide=decide,
        evolve=evolve,
        initial_state=int,
    )

    assert await slow.handle(STREAM, Add(5, full=5), command_id="c1") == Handled(4, 2, 2, changed=False)


async def test_given_a_command_id_that_served_another_stream_when_handled_then_it_is_an_error(
    counter: Counter, store: EventStore
) -> None:
    await counter.handle("counter-2", Add(1), command_id="c1")
    with pytest.raises(EventIdReused):
        await counter.handle(STREAM, Add(1), command_id="c1")
    assert await store.read_stream(STREAM) == []


async def test_given_a_type_nobody_registered_in_the_stream_when_loading_then_it_is_an_error_and_not_skipped(
    counter: Counter, store: EventStore
) -> None:
    await counter.handle(STREAM, Add(1), command_id="c1")
    await store.append(STREAM, [an_event("counter.exploded")], expected=1)
    with pytest.raises(UnknownEventType, match=r"counter\.exploded"):
        await counter.load(STREAM)
    with pytest.raises(UnknownEventType):
        await counter.handle(STREAM, Add(1), command_id="c2")


async def test_given_a_stream_longer_than_a_page_when_loading_then_all_of_it_is_folded(
    counter: Counter, store: EventStore
) -> None:
    await store.append(STREAM, [an_event("counter.added", amount=1) for _ in range(1201)], expected=ANY)
    loaded = await counter.load(STREAM)
    assert (loaded.state, loaded.version, loaded.position, len(loaded.ids)) == (1201, 1201, 1201, 1201)
