"""Loggable form of an error: its message where it quotes no value of an order, else its type alone."""

import asyncpg

# Their errors name streams, ids and addresses of services. Errors of other packages may quote input: a name, an address.
_SPEAK_OF_NO_VALUES = ("eventstore", "temporalio", "settings")
_QUOTE_VALUES = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, UnicodeError)


def wording(error: BaseException) -> str:
    """The error's type, and its message where that is safe to log."""
    kind, words = type(error).__name__, _words(error)
    return f"{kind}: {words}" if words else kind


def _words(error: BaseException) -> str:
    if isinstance(error, _QUOTE_VALUES):
        return f"SQLSTATE {error.sqlstate}" if isinstance(error, asyncpg.PostgresError) else ""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.args[0]) if error.args else ""  # without the detail, which may be a row
    if isinstance(error, OSError | asyncpg.InternalClientError):
        return str(error)
    if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
        return str(error)
    return str(error) if type(error).__module__.partition(".")[0] in _SPEAK_OF_NO_VALUES else ""
