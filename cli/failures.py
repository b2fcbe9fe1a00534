"""Expected failures of a command, each in one sentence."""

import os
import shlex
from typing import Any, Final

import asyncpg

from application.acting import why_impossible
from application.outages import AWAY, NOT_MIGRATED, REFUSED_LOGIN
from application.problem_codes import code_of_class
from application.refunding import RefundIdTaken
from cli.refusals import Refused, database_address, temporal_address
from embedded.errors import EmbeddedError
from eventstore.errors import EventStoreError, UnexpectedVersion
from eventstore.migrate import MigrationFailed
from eventstore.planted import Planted
from gateways.errors import GatewayError
from inventory.errors import AdjustmentRefused
from inventory.stock_file import InvalidStockFile
from orders.errors import IllegalTransition, OrderError, OrderNotCancellable
from projections.rebuild import RebuildRunning
from settings import DEV_FILE, DEV_FOLDER, Settings, SettingsError
from webhooks.errors import WebhookError

_OWN: Final = (
    Refused,
    SettingsError,
    OrderError,
    AdjustmentRefused,
    EmbeddedError,
    MigrationFailed,
    Planted,
    EventStoreError,
    GatewayError,
    RebuildRunning,
    RefundIdTaken,
    WebhookError,
)


def explain(error: BaseException, settings: Settings | None) -> str | None:
    """Return the sentence for an error; None for a bug, which keeps its traceback."""
    match error:
        case BaseExceptionGroup():
            sentences = [explain(each, settings) for each in error.exceptions]
            return sentences[0] if all(sentences) else None
        case InvalidStockFile():
            return "nothing was imported:\n" + "\n".join(f"  {fault}" for fault in error.faults)
        case MigrationFailed():
            return f"the migration failed: {error}"
        case UnexpectedVersion():
            order_id, wanted = error.state.order.order_id, min(error.expected)
            return f"order {order_id} is at version {error.actual}, {error.state.status}, not {wanted}: nothing changed"
        case IllegalTransition():
            return why_impossible(error)
        case OrderNotCancellable():
            return f"{error}: `orders refund {shlex.quote(error.order_id)} --amount … --reason …`"
        case _ if isinstance(error, _OWN):
            return str(error)
        case _:
            return _explain_temporal(error, settings) or _explain_database(error, settings)


def refusal_document(error: BaseException, sentence: str) -> dict[str, Any]:
    """Build the document that `--json` prints for a refusal. code: as in the HTTP API, where it has the same refusal."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    order_id = getattr(error, "order_id", None)
    return {
        "error": {
            "code": _code(error),
            "message": sentence,
            **({"orderId": order_id} if isinstance(order_id, str) else {}),
        }
    }


def _code(error: BaseException) -> str:
    match error:
        case UnexpectedVersion():
            return "order-changed"
        case _ if isinstance(error, NOT_MIGRATED):
            return "not-migrated"
        case _ if isinstance(error, (InvalidStockFile, *_OWN)):
            return code_of_class(type(error))
        case _ if isinstance(error, (asyncpg.PostgresError, *AWAY)):
            return "database-away"
        case _:  # `explain` has a sentence for errors of Temporal besides these
            return "temporal-away"


def _explain_temporal(error: BaseException, settings: Settings | None) -> str | None:
    from temporalio.service import RPCError  # noqa: PLC0415 – a command without a failure does not wait for it

    from temporal import TemporalUnreachable  # noqa: PLC0415

    match error:
        case TemporalUnreachable():
            return f"Temporal does not answer at {temporal_address(settings)}{_stale(settings, 'TEMPORAL_ADDRESS')}"
        case RPCError():
            return f"Temporal at {temporal_address(settings)} refused: {error.message} ({error.status.name})"
        case _:
            return None


def _explain_database(error: BaseException, settings: Settings | None) -> str | None:
    database = f"the database at {database_address(settings)}"
    match error:
        case _ if isinstance(error, NOT_MIGRATED):
            return f"{database} is not migrated to this version: run `orders migrate` ({error})"
        case _ if isinstance(error, REFUSED_LOGIN):
            return f"{database} refuses us: {error}"
        case TimeoutError():
            return f"{database} does not answer in time{_stale(settings, 'DATABASE_URL')}"
        case _ if isinstance(error, AWAY):
            return f"{database} cannot be reached{_stale(settings, 'DATABASE_URL')} ({_reason(error)})"
        case asyncpg.PostgresError():
            return f"{database} refused: {error} (SQLSTATE {error.sqlstate})"
        case _:
            return None


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and not error.strerror.startswith("Multiple"):
        return error.strerror
    return str(error) or type(error).__name__


def _stale(settings: Settings | None, variable: str) -> str:
    """Return the hint for an address from the file of an `orders dev` that was killed; else nothing."""
    if settings is None or os.environ.get(variable) or not (DEV_FOLDER / DEV_FILE).exists():
        return ""
    return f": {DEV_FOLDER / DEV_FILE} names it, but the `orders dev` that wrote it has ended. Start it again"
