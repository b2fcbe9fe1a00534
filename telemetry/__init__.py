"""Logs, metrics and traces."""

from telemetry.logs import configure_logging

__all__ = ["configure_logging"]
