"""What the system tells of itself while it works: logs, metrics, traces."""

from telemetry.logs import configure_logging

__all__ = ["configure_logging"]
