"""Gauges of the latest audit: its age and its findings."""

import asyncpg
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from audit.record import last_audit


async def audit_state(connection: asyncpg.Connection) -> list[Metric]:
    """The gauges; none if no audit has run, no age of the last audit that held if none did. Raises asyncpg's errors."""
    last = await last_audit(connection)
    if last is None:
        return []
    gauges: list[Metric] = [
        GaugeMetricFamily(
            "orders_audit_timestamp_seconds", "When the latest audit ended", value=last.ended_at.timestamp()
        ),
        GaugeMetricFamily("orders_audit_findings", "Findings of the latest audit", value=last.findings),
    ]
    if last.held_at is not None:
        gauges.append(
            GaugeMetricFamily(
                "orders_audit_held_timestamp_seconds",
                "When the latest audit ended that held",
                value=last.held_at.timestamp(),
            )
        )
    return gauges
