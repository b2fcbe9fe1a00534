"""Turns at a stream: one append at a time for each, in order, within the limit, and none lost by a cancelled task."""

import asyncio
from collections.abc import Callable

import pytest

from eventstore.stream_turns import StreamTurns


class Appends:
    """Appends that last until they are let go; `begun` has those in progress and done, in order."""

    def __init__(self, at_once: int) -> None:
        self.turns, self.begun = StreamTurns(at_once), list[str]()
        self._ends: dict[str, asyncio.Event] = {}

    async def begin(self, stream: str, name: str) -> asyncio.Task[str]:
        self._ends[name] = asyncio.Event()
        task = asyncio.create_task(self.turns.in_turn(stream, self._append, name))
        await _settle()
        return task

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await _settle()

    async def _append(self, name: str) -> str:
        self.begun.append(name)
        await self._ends[name].wait()
        return name


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_appends_to_one_stream_take_turns_in_order_and_another_stream_does_not_wait() -> None:
    on = Appends(10)
    tasks = [await on.begin("a", "a1"), await on.begin("a", "a2"), await on.begin("a", "a3"), await on.begin("b", "b1")]
    assert on.begun == ["a1", "b1"]
    for name in ("a1", "a2", "a3", "b1"):
        await on.end(name)
    assert on.begun == ["a1", "b1", "a2", "a3"]
    assert [await task for task in tasks] == ["a1", "a2", "a3", "b1"]
    assert not on.turns.is_taken("a")


async def test_no_more_than_the_limit_are_in_progress_and_those_that_wait_for_room_follow_in_order() -> None:
    on = Appends(2)
    tasks = [await on.begin(name, name) for name in "abcd"]
    assert (on.begun, on.turns.full) == (["a", "b"], True)
    await on.end("b")
    assert (on.begun, on.turns.full) == (["a", "b", "c"], True)
    for name in "acd":
        await on.end(name)
    await asyncio.gather(*tasks)
    assert (on.begun, on.turns.full) == (["a", "b", "c", "d"], False)


async def test_an_append_that_fails_gives_its_turn_on() -> None:
    on = Appends(1)

    async def fails(_: str) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await on.turns.in_turn("a", fails, "")
    assert (on.turns.full, on.turns.is_taken("a")) == (False, False)


def _cancel_while_pending(on: Appends, second: asyncio.Task[str]) -> None:
    second.cancel()


def _cancel_when_given(on: Appends, second: asyncio.Task[str]) -> None:
    """The turn is given and the task is cancelled before it runs again."""
    on._ends["1"].set()
    asyncio.get_running_loop().call_soon(second.cancel)


@pytest.mark.parametrize("cancel", [_cancel_while_pending, _cancel_when_given])
@pytest.mark.parametrize(("at_once", "streams"), [(10, "aaa"), (1, "abc"), (1, "aab")], ids=["turn", "room", "both"])
async def test_a_cancelled_append_keeps_neither_turn_nor_room(
    cancel: Callable[[Appends, asyncio.Task[str]], None], at_once: int, streams: str
) -> None:
    on = Appends(at_once)
    first, second, third = [await on.begin(stream, str(number)) for number, stream in enumerate(streams, 1)]
    cancel(on, second)
    await _settle()
    on._ends["1"].set()
    on._ends["3"].set()
    assert [await asyncio.wait_for(first, 20), await asyncio.wait_for(third, 20)] == ["1", "3"]
    assert second.cancelled()
    assert (on.turns.full, [on.turns.is_taken(stream) for stream in streams]) == (False, [False] * 3)
