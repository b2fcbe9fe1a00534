"""A refused event affects no other append: neither its batch's neighbours nor concurrent ones."""

import asyncio
import math
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from eventstore.errors import InvalidEvent
from eventstore.model import ANY, AppendResult, NewEvent
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from tests.integration.event_store_harness import an_event, events

BAD: dict[str, tuple[NewEvent, str]] = {
    "nul": (an_event(name="a\x00b"), "events[1].data.name"),
    "surrogate": (an_event(name="\ud800"), "events[1].data.name"),
    "nan": (an_event(n=math.nan), "events[1].data.n"),
    "huge-int": (an_event(n=2**64), "events[1].data.n"),
    "too-long": (an_event(text="x" * 1024 * 1024), "events[1]"),
    "not-json": (an_event(items=[{"id": uuid4()}]), "events[1].data.items[0].id"),
    "type": (an_event("t" * 513), "events[1].type"),
}


@pytest.fixture
def store(pool: asyncpg.Pool) -> EventStore:
    return EventStore(pool, Wakeup(pool))


@pytest.mark.parametrize(("bad", "path"), BAD.values(), ids=BAD)
async def test_given_one_bad_event_in_a_batch_when_appending_then_none_lands_and_the_error_names_the_field(
    store: EventStore, bad: NewEvent, path: str
) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        await store.append("counter-1", [an_event(), bad, an_event()], expected=ANY)
    assert refusal.value.path == path
    assert await store.read_stream("counter-1") == []


async def test_given_bad_events_beside_good_ones_when_appended_at_once_then_every_good_one_lands(
    store: EventStore,
) -> None:
    good = events(30)
    bad = [event for event, _ in BAD.values()]

    results = await asyncio.gather(
        *(store.append(f"counter-{i % 3}", [event], expected=ANY) for i, event in enumerate(good + bad)),
        return_exceptions=True,
    )

    assert all(isinstance(result, AppendResult) for result in results[: len(good)])
    assert all(isinstance(result, InvalidEvent) for result in results[len(good) :])
    assert {event.id for event in (await store.read_all()).events} == {event.id for event in good}


@pytest.mark.parametrize("name", ["", "s" * 513, "a\x00b", "\udfff"], ids=["empty", "long", "nul", "surrogate"])
async def test_given_a_name_no_stream_can_have_when_appending_then_it_is_refused(store: EventStore, name: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        await store.append(name, events(1), expected=ANY)
    assert refusal.value.path == "stream"


async def test_given_no_events_when_appending_then_it_is_refused(store: EventStore) -> None:
    with pytest.raises(InvalidEvent, match="nothing to append"):
        await store.append("counter-1", [], expected=ANY)


@pytest.mark.parametrize(
    "data",
    [
        {"text": "x" * 1_048_000},
        {"k" * 1000: "\u0001\u007f\U0010ffff\u2028"},
        {"floats": [1e300, 5e-324, -0.0, 0.1, 1e16]},
        {"ints": [2**63 - 1, -(2**63)]},
        {"": {"": []}},
    ],
    ids=["almost-a-mebibyte", "odd-characters", "floats", "ints", "empty-keys"],
)
async def test_given_the_extremes_of_what_is_allowed_when_appending_then_they_come_back_equal(
    store: EventStore, data: dict[str, Any]
) -> None:
    await store.append("s" * 512, [NewEvent(UUID(int=1), "t" * 512, data, {}, 2**31 - 1)], expected=ANY)
    (read,) = await store.read_stream("s" * 512)
    assert (read.data, read.type, read.schema_version) == (data, "t" * 512, 2**31 - 1)
