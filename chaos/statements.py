"""SQL statements of the soak."""

from typing import Final

# Ends all sessions of the database but this one. Reads the server's list of sessions, in memory.
TERMINATE_OTHER_SESSIONS: Final = """
select count(pg_catalog.pg_terminate_backend(pid)) from pg_catalog.pg_stat_activity
 where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()"""

# Application name of the session that holds an advisory lock. Reads the lock table, in memory.
LOCK_HOLDER: Final = """
select a.application_name from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid)
 where l.locktype = 'advisory' and l.granted and (l.classid::bigint << 32 | l.objid::bigint) = $1"""
