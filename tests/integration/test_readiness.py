"""Readiness: ready means that the database accepts writes, and a fault of the database is named."""

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from temporalio.client import Client

from application.readiness import readiness
from bootstrap import build_app
from embedded.ports import free_ports
from embedded.temporal import TemporalServer
from eventstore.model import ANY
from eventstore.pool import open_pool
from settings import Settings
from tests.integration.api_harness import api, problem
from tests.integration.cli_harness import shell_for
from tests.integration.event_store_harness import events
from tests.plain_http import plain_http
from tests.running_system import until

DISK_FULL = """
create function public.full_disk() returns trigger language plpgsql as
    $$begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end$$;
create trigger full_disk before update on eventstore.probe execute function public.full_disk()"""
FAULTS = {
    "a full disk": (DISK_FULL, "takes no writes: DiskFullError"),
    "read-only": ("alter database {name} set default_transaction_read_only = on", "takes no writes"),
    "without grants": (
        "revoke select on all tables in schema inventory from orders_app",
        "no right to read inventory.",
    ),
    "a sequence behind": (
        "select setval('eventstore.event_position', 1)",
        "the sequence of positions is 2 behind the log",
    ),
    "not migrated": ("delete from public.schema_migrations where version = '20260505000001'", "migrations are missing"),
}


async def break_it(database_url: str, statement: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        name = await connection.fetchval("select current_database()")
        await connection.execute(statement.format(name=name))
    finally:
        await connection.close()


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_database_that_cannot_be_worked_with_is_not_ready_and_says_why(database_url: str, fault: str) -> None:
    statement, reason = FAULTS[fault]
    async with open_pool(database_url) as pool:
        app = build_app(Settings(database_url=database_url), pool)
        await app.store.append("counter-1", events(3), expected=ANY)
        assert (await readiness(app.store)).problems == ()
    await break_it(database_url, statement)
    async with open_pool(database_url) as pool:
        found = await readiness(build_app(Settings(database_url=database_url), pool).store)
    assert any(reason in each for each in found.problems), found


async def test_a_reader_that_stands_still_is_a_warning_and_no_reason_to_take_the_process_out(
    database_url: str, temporal_client: Client
) -> None:
    async with api(database_url, temporal_client) as served:
        await served.place("a")
        await served.project()
        await served.place("b")
        await break_it(database_url, "alter table eventstore.events disable trigger user")
        await break_it(database_url, "update eventstore.events set recorded_at = recorded_at - interval '1 hour'")
        ready = await served.get("/readyz")
    assert ready["status"] == "ok"
    assert any("order-dashboard is 1 events" in each for each in ready["warnings"]), ready


async def test_the_api_is_not_ready_where_the_database_is_read_only(database_url: str, temporal_client: Client) -> None:
    await break_it(database_url, "alter database {name} set default_transaction_read_only = on")
    async with api(database_url, temporal_client) as served:
        answer = problem(await served.http.get("/readyz"), 503, "not-ready")
    assert "takes no writes" in answer["detail"]


async def test_health_names_a_database_that_takes_no_writes(
    database_url: str, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    await break_it(database_url, "alter database {name} set default_transaction_read_only = on")
    ended = await shell_for(tmp_path, database_url, temporal_server).orders("health", "--json")
    checks = {check["name"]: check for check in ended.document["checks"]}
    assert ended.code == 1
    assert not checks["writes"]["ok"]
    assert "takes no writes" in checks["writes"]["detail"]


async def test_a_worker_answers_for_its_liveness_and_readiness(
    database_url: str, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    [port] = free_ports(1)
    shell = shell_for(tmp_path, database_url, temporal_server)
    async with (
        shell.serving("worker", ORDERS_HEALTH_ADDRESS=f"127.0.0.1:{port}"),
        plain_http(f"http://127.0.0.1:{port}") as http,
    ):
        seen: list[Any] = []

        async def ready(status: int) -> bool:
            answer = await http.get("/readyz")
            seen.append((answer.status_code, json.loads(answer.content)))
            return answer.status_code == status

        await until(lambda: ready(200), "the worker is ready")
        assert (await http.get("/livez")).json() == {"status": "ok", "problems": []}
        await break_it(database_url, "revoke update on eventstore.probe from orders_app")
        await break_it(database_url, "revoke update (at) on eventstore.probe from orders_app")
        await until(lambda: ready(503), "the worker has seen that it may not write")
        assert "takes no writes" in seen[-1][1]["problems"][0], seen[-1]
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/elsewhere")).status_code == 404
