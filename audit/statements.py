"""SQL of the audit."""

from typing import Final

# Record of an audit. The row's lock serialises concurrent audits; held_at keeps its value if this audit did not hold.
RECORD_AUDIT: Final = """
with now as materialized (select clock_timestamp() as at)
insert into eventstore.last_audit as last (ended_at, findings, held_at)
select at, $1::bigint, case when $1 = 0 then at end from now
    on conflict (only_row) do update
   set ended_at = excluded.ended_at, findings = excluded.findings, held_at = coalesce(excluded.held_at, last.held_at)"""

# Record of the latest audit, one row.
LAST_AUDIT: Final = "select ended_at, findings, held_at from eventstore.last_audit"
