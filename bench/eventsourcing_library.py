"""The `eventsourcing` library's own PostgreSQL recorder on a side's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore


@contextmanager
def recorder(database_url: str, pool_size: int) -> Iterator[PostgresApplicationRecorder]:
    """An application recorder with its table created."""
    parts = urlsplit(database_url)
    host = parts.hostname or parse_qs(parts.query)["host"][0]
    port = parts.port or parse_qs(parts.query).get("port", ["5432"])[0]
    with PostgresDatastore(
        parts.path.removeprefix("/"), host, port, parts.username or "postgres", parts.password or "",
        pool_size=pool_size, max_overflow=0, max_waiting=64,
    ) as datastore:  # fmt: skip
        made = PostgresApplicationRecorder(datastore)
        made.create_table()
        yield made
