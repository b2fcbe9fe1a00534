"""One logger for our own lines and the libraries': readable on a terminal, one JSON object a line off it."""

import logging
import sys
from typing import Any, Literal

import structlog


def configure_logging(level: str = "info", format: Literal["auto", "json", "console"] = "auto") -> None:
    """Log to standard error. Context bound with structlog (order id, workflow id) is on every line."""
    as_json = format == "json" or (format == "auto" and not sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
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
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_renderers(as_json)))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def _renderers(as_json: bool) -> list[Any]:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        return [remove_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [remove_meta, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
