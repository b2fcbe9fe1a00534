"""Metrics and logs of every activity: duration, outcome, and the order id in its log lines."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import signatures
from gateways.errors import GatewayBusy

_SECONDS = Histogram(
    "orders_step_seconds",
    "One attempt at a step, however it ended",
    ["step"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_FAILURES = Counter("orders_step_failures", "Attempts at a step that failed and are tried again", ["step", "kind"])
_WAITS = Counter("orders_step_waits", "Attempts at a step that a gateway refused for its rate limit", ["step"])
_REFUSALS = Counter("orders_step_refusals", "Steps that were refused for good, as a decline is", ["step", "kind"])
_UNDOING = Gauge("orders_compensations_in_progress", "Attempts at undoing a step, in this process", ["step"])
_COMPENSATIONS = (signatures.REFUND_PAYMENT.name, signatures.RELEASE_INVENTORY.name, signatures.VOID_SHIPMENT.name)
for _name in _COMPENSATIONS:
    _UNDOING.labels(_name)
_log = structlog.get_logger(__name__)


class Observation(Interceptor):
    """Measures and logs activities, local ones too. Runs outside ActivityFailures, so it receives translated errors."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Observed(next)


class _Observed(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        step = activity.info().activity_type
        _bind(step, input.args)
        started = time.perf_counter()
        undoing = _UNDOING.labels(step) if step in _COMPENSATIONS else None
        if undoing:
            undoing.inc()
        try:
            answer = await super().execute_activity(input)
        except ApplicationError as failure:
            _count_failure(step, failure)
            raise
        except asyncio.CancelledError:
            _log.debug("step cancelled")
            raise
        else:
            _log.debug("step done")
            return answer
        finally:
            _SECONDS.labels(step).observe(time.perf_counter() - started)
            if undoing:
                undoing.dec()


def _bind(step: str, arguments: Sequence[Any]) -> None:
    """Bind the attempt's log context, which its task does not share. The order is the argument, or a field of it."""
    info = activity.info()
    about = {"workflow_id": info.workflow_id, "step": step, "attempt": info.attempt}
    for argument in arguments:
        order = getattr(argument, "order", argument)
        for name in ("order_id", "correlation_id"):
            if (value := getattr(order, name, None)) is not None:
                about[name] = value
    structlog.contextvars.bind_contextvars(**about)


def _count_failure(step: str, failure: ApplicationError) -> None:
    kind = failure.type or "unknown"
    if kind == GatewayBusy.__name__:
        _WAITS.labels(step).inc()
        _log.info("step waits for the gateway's rate limit")
    elif failure.non_retryable:
        _REFUSALS.labels(step, kind).inc()
        _log.info("step refused", kind=kind)
    else:
        _FAILURES.labels(step, kind).inc()
        expected = failure.category is ApplicationErrorCategory.BENIGN
        (_log.info if expected else _log.warning)("step failed, trying again", kind=kind)
