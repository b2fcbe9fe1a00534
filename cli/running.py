"""Execution of a command: settings, telemetry, connections, errors as one sentence, exit codes 0, 1, 2 and 130."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, Concatenate, Final, NoReturn, ParamSpec

import structlog

from cli.arguments import json_wanted
from cli.output import note, show_json
from cli.refusals import INTERRUPTED, OK, REFUSED, Refused, require_address
from process import MARGIN, run
from settings import DEV_FOLDER, Settings, load_settings
from telemetry import configure_logging
from telemetry.tracing import configure_tracing

if TYPE_CHECKING:
    from temporalio.client import Client

    from bootstrap import App

P = ParamSpec("P")
Exit = int | None
"""Exit code of a command; None for 0."""
CONNECT_LIMIT: Final = 10.0  # seconds
_log = structlog.get_logger(__name__)


def executed(
    *, serves: bool = False, margin: float = MARGIN, check: Callable[[Mapping[str, Any]], object] | None = None
) -> Callable[[Callable[Concatenate[Settings, P], Coroutine[Any, Any, Exit]]], Callable[P, NoReturn]]:
    """Make a command of a coroutine function: its first argument is the settings of the environment, the others come from the
    command line, and the process leaves with the exit code that it returns.

    serves: it runs until stopped, so that SIGINT and SIGTERM are its regular end, and it logs as configured; any other
    command logs errors alone. margin: see `process.run`. check: raises typer.BadParameter for options that do not fit
    together, before anything runs. Expected errors become one sentence; a bug keeps its traceback.
    """

    def decorate(command: Callable[Concatenate[Settings, P], Coroutine[Any, Any, Exit]]) -> Callable[P, NoReturn]:
        @wraps(command)
        def execute(*args: P.args, **options: P.kwargs) -> NoReturn:
            if check is not None:
                check(options)
            try:
                code = run(lambda: _run(lambda settings: command(settings, *args, **options), serves), margin=margin)
            except KeyboardInterrupt:
                code = OK if serves else _interrupted()
            raise SystemExit(code)

        own = signature(command)
        execute.__signature__ = own.replace(parameters=list(own.parameters.values())[1:])  # type: ignore[attr-defined]
        return execute

    return decorate


async def _run(command: Callable[[Settings], Coroutine[Any, Any, Exit]], serves: bool) -> int:
    """Run a command; return its exit code. Errors end here, inside the loop: a traceback would keep Temporal's client alive."""
    settings = None
    try:
        settings = load_settings(DEV_FOLDER)
        _configure_telemetry(settings, serves)
        return await command(settings) or OK
    except asyncio.CancelledError:
        return OK if serves else _interrupted()
    except BrokenPipeError:
        return OK
    except Exception as error:
        from cli.failures import explain  # noqa: PLC0415 – imports every error that has a sentence

        sentence = explain(error, settings)
        if sentence is None:
            raise
        note(sentence)
        _print_refusal(error, sentence)
        return REFUSED


def _print_refusal(error: Exception, sentence: str) -> None:
    """Print the refusal as the one document on standard output, with --json."""
    from cli.failures import refusal_document  # noqa: PLC0415

    if json_wanted.get():
        with contextlib.suppress(BrokenPipeError, Refused):  # standard output is closed or full: the sentence is enough
            show_json(refusal_document(error, sentence))


def _configure_telemetry(settings: Settings, serves: bool) -> None:
    wanted = serves or os.environ.get("ORDERS_LOG_LEVEL")
    configure_logging(settings.log_level if wanted else "error", settings.log_format)
    configure_tracing(settings)
    if serves:
        from telemetry.process import configure_temporal  # noqa: PLC0415

        configure_temporal(settings)


def _interrupted() -> int:
    note("interrupted")
    return INTERRUPTED


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator["App"]:
    """Open the application over its database. Raises TimeoutError where that does not respond."""
    from bootstrap import open_app  # noqa: PLC0415 – `orders dev` starts its servers before it imports the application

    require_address(settings.app_database_url)
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(CONNECT_LIMIT):
            app = await stack.enter_async_context(open_app(settings))
        yield app


async def temporal(settings: Settings, *, lazy: bool = False) -> "Client":
    """Connect Temporal's client. Raises TemporalUnreachable; lazy: only at its first use."""
    from temporal import TemporalUnreachable, connect_temporal  # noqa: PLC0415

    _check_temporal_configuration()
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            return await connect_temporal(settings, lazy=lazy)
    except (RuntimeError, TimeoutError) as error:  # the SDK has no specific error for this
        _log.debug("no connection to Temporal", error=str(error))
        raise TemporalUnreachable(str(error)) from None


async def temporal_if_reachable(settings: Settings) -> "Client | None":
    """Connect Temporal's client; None where Temporal does not respond, for commands that can do without."""
    from temporal import TemporalUnreachable  # noqa: PLC0415

    try:
        return await temporal(settings)
    except TemporalUnreachable:
        return None


def _check_temporal_configuration() -> None:
    from temporalio.envconfig import ClientConfig  # noqa: PLC0415

    try:
        ClientConfig.load_client_connect_config()
    except Exception as error:  # of any type: the SDK raises many for an invalid file or variable
        raise Refused(f"Temporal's configuration cannot be read: {error}") from None
