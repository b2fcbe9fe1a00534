"""Record of the latest audit: end, number of findings, and end of the latest audit that held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from audit.report import AuditReport

# The row's lock makes concurrent audits follow each other; held_at stays as it was where this audit did not hold.
_RECORD: Final = """
insert into eventstore.last_audit as last (ended_at, findings, held_at)
values (clock_timestamp(), $1::bigint, case when $1 = 0 then clock_timestamp() end)
    on conflict (only_row) do update
   set ended_at = excluded.ended_at, findings = excluded.findings, held_at = coalesce(excluded.held_at, last.held_at)"""
_LAST: Final = "select ended_at, findings, held_at from eventstore.last_audit"

Executor: TypeAlias = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class LastAudit:
    """The latest audit. held_at: end of the latest one that held, None where none did. Times are in UTC."""

    ended_at: datetime
    findings: int
    held_at: datetime | None


async def record_audit(executor: Executor, report: AuditReport) -> None:
    """Replace the record. Raises asyncpg's errors, as on a server that takes no writes."""
    await executor.execute(_RECORD, len(report.findings))


async def last_audit(executor: Executor) -> LastAudit | None:
    """None where no audit has run yet."""
    row = await executor.fetchrow(_LAST)
    return LastAudit(*row) if row else None
