"""Translation of exceptions to failures in Temporal's history: definite or retryable, and without personal data."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.payment_attempts import PaymentAwaited
from eventstore.errors import EventStoreError
from gateways.errors import (
    DefiniteRefusal,
    GatewayBusy,
    GatewayMisconfigured,
    GatewayUnavailable,
    GatewayUndecided,
    PaymentDeclined,
    ShippingUnavailable,
)
from inventory.stock import InsufficientStock, ReservationError
from orders.errors import CorruptStream, OrderError, OrderOnHold

OUT_OF_STOCK = "Items out of stock"
_PAUSE = (1.0, 4.0)  # seconds
_log = structlog.get_logger(__name__)


class ActivityFailures(Interceptor):
    """Translates the exceptions of every activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Inbound(next)


class _Inbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            return await super().execute_activity(input)
        except (ApplicationError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise as_failure(error) from None


def as_failure(error: Exception) -> ApplicationError:
    """Translate an exception. Messages of unknown exceptions may contain rows or addresses: only their type is passed on."""
    match error:
        case PaymentAwaited():
            failure = error.failure.model_dump(mode="json", by_alias=True)
            return _refusal(error, f"Payment declined: {error.reason}", failure)
        case PaymentDeclined():
            return _refusal(error, f"Payment declined: {error.reason}")
        case ShippingUnavailable():
            return _refusal(error, error.reason)
        case InsufficientStock():
            shortages = [shortage.model_dump(mode="json", by_alias=True) for shortage in error.shortages]
            return _refusal(error, OUT_OF_STOCK, *shortages)
        case OrderOnHold():  # an operator's reason stays in the stream
            return _refusal(error, f"order {error.order_id} is on hold")
        case CorruptStream() | EventStoreError():
            return _retryable(error, str(error))
        case DefiniteRefusal() | ReservationError() | OrderError():
            return _refusal(error, str(error))
        case GatewayBusy():
            return _busy(error)
        case GatewayUnavailable():
            return _retryable(error, error.reason, error.retry_after)
        case GatewayMisconfigured() | GatewayUndecided():
            return _retryable(error, str(error))
        case asyncpg.PostgresError():
            return _retryable(error, f"database error {error.sqlstate}")
        case _:
            _log.exception("activity failed", exc_info=error)
            return _retryable(error, "unexpected error, see the worker's log")


def _refusal(error: Exception, message: str, *details: Any) -> ApplicationError:
    return ApplicationError(
        message,
        *details,
        type=type(error).__name__,
        non_retryable=True,
        category=ApplicationErrorCategory.BENIGN,
    )


def _busy(error: GatewayBusy) -> ApplicationError:
    """Waits as long as the gateway demands. Without a demand, some seconds that differ, so that the calls do not come back
    together."""
    seconds = random.uniform(*_PAUSE) if error.retry_after is None else error.retry_after
    return ApplicationError(
        error.reason,
        type=GatewayBusy.__name__,
        next_retry_delay=timedelta(seconds=seconds),
        category=ApplicationErrorCategory.BENIGN,
    )


def _retryable(error: Exception, message: str, retry_after: float | None = None) -> ApplicationError:
    delay = timedelta(seconds=retry_after) if retry_after is not None else None
    return ApplicationError(message, type=type(error).__name__, next_retry_delay=delay)
