"""Exceptions in the log: frames and class, without messages that may quote an order."""

import sys
import traceback
from types import TracebackType

from structlog.typing import EventDict, WrappedLogger

from eventstore.wording import wording

_MOST = 10  # exceptions of one chain
_CAUSED, _DURING = "\n\nThe above exception caused the following one:\n\n", "\n\nWhile handling that:\n\n"


def without_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace `exc_info` by text under `exception`."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()[1]
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = described(error)
    return event


def described(error: BaseException, most: int = _MOST) -> str:
    """Text of an exception and its causes, each with its frames and the part of its message that is safe to log."""
    own = f"{_frames(error.__traceback__)}{wording(error)}"
    if isinstance(error, BaseExceptionGroup):
        own += "".join(f"\n  | {line}" for each in error.exceptions[:most] for line in described(each, 1).splitlines())
    if most > 1 and error.__cause__ is not None:
        return described(error.__cause__, most - 1) + _CAUSED + own
    if most > 1 and error.__context__ is not None and not error.__suppress_context__:
        return described(error.__context__, most - 1) + _DURING + own
    return own


def _frames(at: TracebackType | None) -> str:
    return "".join(traceback.format_tb(at))
