"""Bulk actions in progress in this process, and their responses."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Final

from application.bulk_action import BulkAction, BulkResult, Outcome
from web.bulk_events import BulkEnded, BulkStarted, encoded
from web.event_stream import PING, PING_SECONDS
from web.known_errors import problem_of
from web.problems import RETRY_AFTER, Problem

MAX_BULK_ACTIONS: Final = 3
"""In progress in a process: with `AT_ONCE` orders each, they leave other requests connections to the database."""
_STOPPED: Final = "the server stops: send the request again"
_BUG: Final = "internal-error", "an internal error; the server's log has the details"


class BulkActions:
    """At most one bulk action of an API key, and MAX_BULK_ACTIONS of all."""

    def __init__(self) -> None:
        self._places: dict[str, BulkAction | None] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def in_progress(self) -> int:
        """Number of bulk actions in progress."""
        return len(self._places)

    @contextmanager
    def place(self, caller: str) -> Iterator["Place"]:
        """Hold the caller's place while the block runs; its action then stops. Raises a Problem where there is none."""
        if caller in self._places:
            detail = f"{caller} has a bulk action in progress: stop it, or wait for its end"
            raise Problem(429, "too-many-bulk-actions", detail, headers=RETRY_AFTER)
        if self._stopped or len(self._places) >= MAX_BULK_ACTIONS:
            detail = f"{MAX_BULK_ACTIONS} bulk actions are in progress at this process: try again"
            raise Problem(503, "too-many-bulk-actions", detail, headers=RETRY_AFTER)
        self._places[caller] = None
        try:
            yield Place(self, caller)
        finally:
            if action := self._places.pop(caller):
                self._end(action)

    def stop(self) -> None:
        """Stop every action after its orders in progress, and refuse new ones."""
        self._stopped = True
        for action in self._places.values():
            if action:
                action.stop()

    async def close(self) -> None:
        """Stop, and wait for the orders in progress."""
        self.stop()
        await asyncio.gather(*self._ending, *(action.finish() for action in self._places.values() if action))

    def begin(self, caller: str, action: BulkAction) -> AsyncGenerator[bytes, None]:
        """Put the action in the caller's place; return its server-sent events."""
        self._places[caller] = action
        if self._stopped:  # since the caller got the place
            action.stop()
        return self._events(action)

    def _end(self, action: BulkAction) -> None:
        """Complete the orders in progress, whose client may be gone."""
        task = asyncio.create_task(action.finish())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _events(self, action: BulkAction) -> AsyncGenerator[bytes, None]:
        yield encoded(BulkStarted(orders=action.total))
        async for outcome in action.outcomes(PING_SECONDS):
            yield PING if outcome is None else encoded(_result(outcome))
        yield encoded(BulkEnded(**dict(action.summary()), reason=self._reason(action)))

    def _reason(self, action: BulkAction) -> str | None:
        """The reason why orders are left."""
        if action.failure:
            return _refusal(action.failure)[1]
        return _STOPPED if self._stopped and action.summary().left else None


class Place:
    """The place of a caller's bulk action."""

    def __init__(self, actions: BulkActions, caller: str) -> None:
        self._actions, self._caller = actions, caller

    def begin(self, action: BulkAction) -> AsyncGenerator[bytes, None]:
        """Return the action's server-sent events; the action runs while they are read."""
        return self._actions.begin(self._caller, action)


def _result(outcome: Outcome) -> BulkResult:
    return outcome.document(*_refusal(outcome.error)) if outcome.error else outcome.document()


def _refusal(error: Exception) -> tuple[str, str]:
    """Code and reason of an error, as in the problem of a request for one order."""
    problem = problem_of(error)
    return (problem.kind, problem.detail) if problem else _BUG
