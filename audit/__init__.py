"""Audit: proof that streams, ledgers, stock, messages and read models agree."""

from audit.proof import audit
from audit.record import LastAudit, last_audit, record_audit
from audit.report import AuditReport, CheckResult, Finding

__all__ = ["AuditReport", "CheckResult", "Finding", "LastAudit", "audit", "last_audit", "record_audit"]
