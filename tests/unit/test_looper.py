"""Background work: repetition of a step, pauses and failures."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from eventstore.errors import WrongExpectedVersion
from eventstore.looper import Looper

LONG = 30.0  # seconds


@asynccontextmanager
async def running(step: Callable[[], Awaitable[float]], **options: Any) -> AsyncIterator[Looper]:
    looper = Looper(structlog.get_logger(), step, longest=0.01, **options)
    task = asyncio.create_task(looper.run())
    try:
        yield looper
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_wake_up_ends_the_pause_after_a_step() -> None:
    awake, stepped = asyncio.Event(), asyncio.Queue[None]()

    async def step() -> float:
        stepped.put_nowait(None)
        return 3600.0

    async with running(step, awake=awake), asyncio.timeout(LONG):
        await stepped.get()
        awake.set()
        await stepped.get()


async def test_a_failing_step_is_repeated_and_logged_once_until_its_error_changes() -> None:
    errors = [OSError("one"), OSError("one"), OSError("two"), None]
    done = asyncio.Event()

    async def step() -> float:
        if error := errors.pop(0):
            raise error
        done.set()
        return 3600.0

    with capture_logs() as lines:
        async with running(step) as looper, asyncio.timeout(LONG):
            await done.wait()
            await asyncio.sleep(0)
    assert [(line["error"], line["failures"], line["exc_info"]) for line in lines] == [
        ("OSError: one", 1, False),
        ("OSError: two", 3, False),
    ]
    assert looper.last_error is None


async def test_an_error_whose_message_may_quote_an_order_is_logged_with_its_traceback_instead() -> None:
    async def step() -> float:
        raise KeyError("Maria Anders")

    with capture_logs() as lines:
        async with running(step), asyncio.timeout(LONG):
            while not lines:  # noqa: ASYNC110 – a log line sets no event
                await asyncio.sleep(0.001)
    assert [(line["error"], line["exc_info"]) for line in lines] == [("KeyError", True)]


async def test_an_error_that_is_not_retried_ends_the_loop() -> None:
    async def step() -> float:
        raise WrongExpectedVersion("order-1", 1, 2)

    with pytest.raises(WrongExpectedVersion):
        await Looper(structlog.get_logger(), step, retried=(OSError,)).run()
