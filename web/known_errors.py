"""Problem for each known error. Any other error is a bug: 500, and its traceback in the log."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import asyncpg
from fastapi.exceptions import RequestValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from application.acting import why_impossible
from application.outages import AWAY, NOT_MIGRATED, REFUSED_LOGIN
from application.problem_codes import code_of_class
from application.refunding import RefundIdTaken
from application.restocking import RefundNotFound
from eventstore.errors import EventStoreError, InvalidEvent, SequenceBehindLog, UnexpectedVersion, WrongExpectedVersion
from gateways.errors import DefiniteRefusal, GatewayError
from inventory.errors import AdjustmentRefused, InvalidAdjustment, SkuNotFound, StockChanged
from orders.errors import (
    CorruptStream,
    Fault,
    IllegalTransition,
    InvalidCommand,
    InvalidOrder,
    OrderError,
    OrderNotFound,
)
from orders.faults import problem_of as problem_text
from projections.rebuild import RebuildRunning
from temporal import TemporalUnreachable
from web.problems import MAX_FAULTS, RETRY_AFTER, FaultDocument, Invalid, NotFound, Problem
from webhooks.errors import InvalidEndpoint, UnknownDelivery, UnknownEndpoint, WebhookError

F = TypeVar("F")
_NOT_VALID: Final = "the request is not valid"
# An unclosed quote extends to the end: a search from every quote would take quadratic time.
_STEP: Final = re.compile(r'\[(\d+)\]|"((?:\\.|[^"])*+)(?:"|$)|([^.\[\]"]+)', re.DOTALL)
# A conflict between statements, a server out of resources, or a standby that is not promoted yet: retry later.
_TRANSIENT: Final = (
    *AWAY,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
KNOWN: Final = (
    Problem,
    HTTPException,
    RequestValidationError,
    OrderError,
    EventStoreError,
    AdjustmentRefused,
    RefundIdTaken,
    RebuildRunning,
    WebhookError,
    TemporalUnreachable,
    GatewayError,
    RPCError,
    asyncpg.PostgresError,
    *AWAY,
)


def problem_of(error: Exception) -> Problem | None:
    """Return the problem for an error; None for a bug."""
    match error:
        case Problem():
            return error
        case HTTPException():
            return _of_http(error)
        case RequestValidationError() | InvalidOrder() | InvalidCommand() | InvalidEndpoint() | InvalidAdjustment():
            return _of_invalid(error)
        case UnknownEndpoint() | UnknownDelivery():
            return NotFound(str(error))
        case OrderNotFound() | SkuNotFound() | RefundNotFound():
            return Problem(404, code_of_class(type(error)), str(error))
        case IllegalTransition():
            return Problem(409, "illegal-transition", why_impossible(error))
        case StockChanged():
            members = {"level": {"sku": error.sku, "available": error.available}}
            return Problem(409, "stock-changed", str(error), members=members)
        case RebuildRunning():
            return Problem(409, "rebuild-running", str(error), headers=RETRY_AFTER)
        case CorruptStream():
            return Problem(503, "unreadable-order", "the order's events cannot be read: an operator must inspect them")
        case OrderError() | AdjustmentRefused() | RefundIdTaken() | WebhookError() | DefiniteRefusal():
            return Problem(409, code_of_class(type(error)), str(error))
        case EventStoreError():
            return _of_store(error)
        case GatewayError():
            detail = "the payment provider does not answer: try again later"
            return Problem(503, "provider-away", detail, headers=RETRY_AFTER)
        case TemporalUnreachable() | RPCError():
            return Problem(503, "temporal-away", "Temporal does not answer: try again later", headers=RETRY_AFTER)
        case _:
            return _of_database(error)


def _of_http(error: HTTPException) -> Problem:
    match error.status_code:
        case 404:
            return NotFound("there is nothing at this address")
        case 405:
            return Problem(
                405, "method-not-allowed", "this method is not allowed at this address", headers=error.headers or {}
            )
        case status:
            return Problem(status, "invalid-request", str(error.detail), headers=error.headers or {})


def _of_invalid(
    error: RequestValidationError | InvalidOrder | InvalidCommand | InvalidEndpoint | InvalidAdjustment,
) -> Invalid:
    match error:
        case RequestValidationError():
            return _invalid(_NOT_VALID, error.errors(), fault_of)
        case InvalidOrder():
            return _invalid(error.summary, error.faults, _body_fault)
        case InvalidCommand():
            return _invalid(_NOT_VALID, error.faults, _body_fault)
        case _:
            return _invalid(_NOT_VALID, [Fault(error.field, error.problem)], _body_fault)


def _invalid(detail: str, found: Sequence[F], document_of: Callable[[F], FaultDocument]) -> Invalid:
    """Build a refusal with at most MAX_FAULTS faults: thousands would cost more than the rest of the response."""
    shown = [document_of(each) for each in found[:MAX_FAULTS]]
    return Invalid(detail, shown, left_out=len(found) - len(shown))


def _of_store(error: EventStoreError) -> Problem:
    match error:
        case InvalidEvent():
            # The event's data is the command, so its path is the path in the body.
            return _invalid(_NOT_VALID, [Fault(error.data_path, error.problem)], _body_fault)
        case WrongExpectedVersion():
            return Problem(503, "busy", "the order is being changed concurrently: try again", headers=RETRY_AFTER)
        case UnexpectedVersion():  # `web.order_changed` adds the order
            return Problem(412, "order-changed", str(error))
        case SequenceBehindLog():
            return Problem(503, "sequence-behind-log", str(error))
        case _:
            return Problem(503, "unreadable-order", "the order's events cannot be read by this version of the program")


def _of_database(error: Exception) -> Problem | None:
    match error:
        case _ if isinstance(error, NOT_MIGRATED):
            return Problem(503, "not-migrated", "the database is not migrated to this version", headers=RETRY_AFTER)
        case _ if isinstance(error, REFUSED_LOGIN):
            return Problem(503, "database-away", "the database refuses the login", headers=RETRY_AFTER)
        case ValueError():  # the driver refuses an argument: a check is missing here
            return None
        case TimeoutError():
            return Problem(503, "database-away", "the database does not answer in time", headers=RETRY_AFTER)
        case _ if isinstance(error, _TRANSIENT):
            return Problem(503, "database-away", "the database does not answer: try again later", headers=RETRY_AFTER)
        case _:
            return None


def _body_fault(fault: Fault) -> FaultDocument:
    return {"pointer": json_pointer(fault.path), "detail": fault.problem}


def json_pointer(path: str) -> str:
    """Convert `items[3].quantity` to a JSON pointer (RFC 6901): `/items/3/quantity`."""
    steps = (next(part for part in match.groups() if part is not None) for match in _STEP.finditer(path))
    return _pointer(steps)


def _pointer(steps: Iterable[object]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def fault_of(details: ErrorDetails) -> FaultDocument:
    """Convert an error of the framework about a parameter or the body."""
    place, *steps = details["loc"]
    detail = problem_text(details)
    if place == "body":
        # For a body that is not JSON the position is a number of characters.
        return {"pointer": _pointer(step for step in steps if not isinstance(step, float)), "detail": detail}
    return {"parameter": str(steps[0]), "detail": detail}  # of one that may be repeated a number follows
