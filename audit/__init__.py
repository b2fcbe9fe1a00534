"""The books proved from first principles: streams, ledgers, stock, messages and read models, held against each other."""

from audit.proof import audit
from audit.record import LastAudit, last_audit, record_audit
from audit.report import AuditReport, CheckResult, Finding
from audit.sources import Sources

__all__ = ["AuditReport", "CheckResult", "Finding", "LastAudit", "Sources", "audit", "last_audit", "record_audit"]
