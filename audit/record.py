"""Record of the latest audit: end, number of findings, and end of the latest audit that held."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from audit.report import AuditReport
from audit.statements import LAST_AUDIT, RECORD_AUDIT

Executor: TypeAlias = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class LastAudit:
    """The latest audit. held_at: end of the latest one that held, None where none did. Times are in UTC."""

    ended_at: datetime
    findings: int
    held_at: datetime | None


async def record_audit(executor: Executor, report: AuditReport) -> None:
    """Replace the record. Raises asyncpg's errors, as on a server that takes no writes."""
    await executor.execute(RECORD_AUDIT, len(report.findings))


async def last_audit(executor: Executor) -> LastAudit | None:
    """None where no audit has run yet."""
    row = await executor.fetchrow(LAST_AUDIT)
    return LastAudit(*row) if row else None
