"""Passwords and keys of a serving worker are in none of its output, under every fault, at the most verbose level."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
from temporalio.client import Client

from bootstrap import build_app
from embedded.ports import free_ports
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.pool import open_pool
from settings import Settings
from tests.integration.certificates import Authority, needs_openssl
from tests.integration.cli_harness import Shell, as_lines, shell_for
from tests.integration.metrics_harness import Scraper
from tests.integration.otlp_harness import Collector, collector
from tests.integration.secured_harness import (
    APP_PASSWORD,
    OWNER_PASSWORD,
    SecuredPostgres,
    TemporalProxy,
    as_header_value,
    secured_postgres,
    temporal_proxy,
)
from tests.integration.test_logs_personal_data import histories
from tests.running_system import RunningSystem, new_id, order_data, until

pytestmark = needs_openssl
API_KEY, COLLECTORS_KEY = "test-api-secret-0123", "hunter2-of-the-collector"
SECRETS = [
    form.encode()
    for secret in (APP_PASSWORD, OWNER_PASSWORD, API_KEY, COLLECTORS_KEY)
    for form in (secret, quote(secret, safe=""))
]
NOT_LET_IN = "the database does not let us own the consumer"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture
async def secured(postgres_server: Postgres, authority: Authority) -> AsyncIterator[SecuredPostgres]:
    async with secured_postgres(postgres_server.bin, authority) as server:
        yield server


@pytest.fixture
async def proxy(temporal_server: TemporalServer, authority: Authority) -> AsyncIterator[TemporalProxy]:
    async with temporal_proxy(temporal_server.address, authority) as given:
        yield given


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as given:
        yield given


@pytest.fixture
def shell(
    tmp_path: Path,
    secured: SecuredPostgres,
    proxy: TemporalProxy,
    temporal_server: TemporalServer,
    collected: Collector,
) -> Shell:
    plain = shell_for(tmp_path, secured.app, temporal_server)
    secrets = {
        "DATABASE_OWNER_URL": secured.owner,
        "TEMPORAL_API_KEY": API_KEY,
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization={COLLECTORS_KEY}",
        "ORDERS_LOG_LEVEL": "debug",
    }
    return Shell(tmp_path, plain.environment | proxy.environment | collected.environment | secrets)


async def stored(secured: SecuredPostgres) -> bytes:
    """All events with their metadata."""
    connection = await asyncpg.connect(secured.owner)
    try:
        text = await connection.fetchval("select string_agg(data::text || metadata::text, '') from eventstore.events")
    finally:
        await connection.close()
    return str(text).encode()


async def test_no_secret_is_in_anything_that_a_serving_worker_writes(
    shell: Shell, secured: SecuredPostgres, proxy: TemporalProxy, collected: Collector, temporal_client: Client
) -> None:
    metrics, sdk = (f"127.0.0.1:{port}" for port in free_ports(2))
    log = shell.folder / "worker.log"
    written: dict[str, bytes] = {}

    async def logged(text: str, since: int) -> None:
        async def there() -> bool:
            return text in log.read_text()[since:]

        await until(there, f"{text!r} is logged")

    async def during(trouble: Callable[[], Awaitable[None]], text: str) -> None:
        since = len(log.read_text())
        await trouble()
        await logged(text, since)

    async def ship() -> None:
        placed = await shell.orders("place", "-", "--wait", given=as_lines(order_data(new_id())))
        assert placed.code == 0, placed.err
        written[f"place {len(written)}"] = (placed.out + placed.err).encode()

    async def new_password() -> None:
        await secured.administer(
            "alter role orders password 'another'",
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'orders'",
        )

    async def no_temporal() -> None:
        proxy.refusing = True

    assert (await shell.orders("migrate")).code == 0
    assert (await shell.orders("inventory", "set", "TEA-1", "10")).code == 0
    async with shell.serving("worker", ORDERS_METRICS_ADDRESS=metrics, ORDERS_TEMPORAL_METRICS_ADDRESS=sdk):
        await ship()
        written["metrics"] = (await Scraper(metrics).page()).encode()
        written["sdk"] = (await Scraper(sdk).page()).encode()
        written["events"] = await stored(secured)
        settings = Settings(database_url=secured.app, task_queue=shell.environment["ORDERS_TASK_QUEUE"])
        async with open_pool(secured.app) as pool:
            stored_histories = await histories(RunningSystem(build_app(settings, pool), temporal_client))
        written["temporal"] = b"".join(stored_histories)

        await during(new_password, NOT_LET_IN)
        refused = await shell.orders("worker")
        assert "refuses us" in refused.err
        written["wrong password"] = refused.err.encode()
        await secured.administer(f"alter role orders password '{APP_PASSWORD}'")
        await ship()

        await during(no_temporal, '"source": "temporal"')
        unreachable = await shell.orders("worker")
        assert "Temporal does not answer" in unreachable.err
        written["temporal away"] = unreachable.err.encode()

        await during(secured.server.kill, NOT_LET_IN)
        away = await shell.orders("worker")
        assert "cannot be reached" in away.err
        written["database away"] = away.err.encode()
        written["metrics at the end"] = (await Scraper(metrics).page()).encode()
    written["log"] = await asyncio.to_thread(log.read_bytes)
    written |= {f"spans {n}": body for n, body in enumerate(collected.bodies)}

    assert b"order.shipped" in b"".join(collected.bodies)
    assert as_header_value(f"Bearer {API_KEY}") in bytes(proxy.received), "the key is in use"
    assert len(written["temporal"]) > 10_000
    assert {name: secret for name, text in written.items() for secret in SECRETS if secret in text} == {}
