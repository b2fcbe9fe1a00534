"""Logging of the program and its libraries: readable on a terminal, else one JSON object a line."""

import logging
import sys
from typing import Any, Literal

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from application.wire import camel_case
from telemetry.exceptions import without_values

# Facts of the SDK's loggers about a line's step or workflow, and our names for them.
_OF_TEMPORAL = {
    "workflow_id": "workflow_id",
    "workflow_run_id": "run_id",
    "run_id": "run_id",
    "activity_type": "step",
    "workflow_type": "workflow",
    "attempt": "attempt",
}


def configure_logging(level: str = "info", format: Literal["auto", "json", "console"] = "auto") -> None:
    """Log to standard error. Context bound with structlog (order id, workflow id) is on every line.

    Names are snake_case in Python and camelCase in JSON. Exceptions are written without messages that may quote an order,
    and without the variables of their frames.
    """
    as_json = format == "json" or (format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _add_temporal], processors=_renderers(as_json)
    )
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def configure_sdk_logging() -> None:
    """Have the loggers of Temporal's SDK give their facts as fields, and drop their line on a failed step: ours has the same
    facts. For processes with a worker: importing the SDK takes half a second."""
    from temporalio import activity, workflow  # noqa: PLC0415

    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    loud = activity.logger.logger
    loud.filters[:] = [_is_not_of_failed_step]


def _is_not_of_failed_step(record: logging.LogRecord) -> bool:
    return record.msg != "Completing activity as failed"


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the current trace id, if tracing is on."""
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = trace.format_trace_id(span.trace_id)
    return event


def _add_temporal(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the step or workflow of a line of the SDK."""
    record = event["_record"]
    known = getattr(record, "temporal_activity", None) or getattr(record, "temporal_workflow", None) or {}
    for theirs, ours in _OF_TEMPORAL.items():
        if theirs in known:
            event.setdefault(ours, known[theirs])
    return event


def _renderers(as_json: bool) -> list[Any]:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [remove_meta, without_values, _in_wire_spelling, structlog.processors.JSONRenderer()]
    return [remove_meta, without_values, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _in_wire_spelling(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return camel_case(dict(event))
