"""The application's role: it owns no objects, its rights, and a rebuild within them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from eventstore.migrate import migrate
from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections import PROJECTIONS
from projections.customer_orders import CUSTOMER_ORDERS
from projections.rebuild import rebuild
from projections.runner import Projector
from tests.integration.projections_harness import SHIPPED, drain, fold_of_the_log, happens, history, projector, rows_of
from tests.integration.rights_harness import (
    HANDOVER,
    Database,
    Deployment,
    database,
    execute,
    only_migrations_before,
)
from tests.unit.projection_samples import CODEC

OURS = "('dispatcher', 'eventstore', 'gateways', 'inventory', 'projections', 'simulated', 'web', 'webhooks')"
# Every list must be empty.
WRONG = {
    "objects of the application's role": """
        select pg_describe_object(classid, objid, objsubid) from pg_shdepend
         where deptype = 'o' and refclassid = 'pg_authid'::regclass and refobjid in ('orders_app'::regrole, 'orders'::regrole)
           and dbid = (select oid from pg_database where datname = current_database())""",
    "schemas to create in": """
        select nspname from pg_namespace
         where nspname !~ '^pg_(toast_)?temp' and has_schema_privilege('orders_app', oid, 'create')""",
    "rights on tables beyond reading and writing rows": """
        select c.oid::regclass || ' ' || a.privilege_type || case when a.is_grantable then ' grantable' else '' end
          from pg_class c, aclexplode(c.relacl) a
         where a.grantee in (0, 'orders_app'::regrole, 'orders'::regrole) and c.relnamespace::regnamespace::text in """
    + OURS
    + """ and (a.is_grantable or a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))""",
    "rights on columns beyond that": """
        select attrelid::regclass || '.' || attname || ' ' || a.privilege_type from pg_attribute, aclexplode(attacl) a
         where a.grantee in (0, 'orders_app'::regrole) and a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE')""",
    "functions that find names by their caller's path": f"""
        select p.oid::regprocedure::text from pg_proc p
         where p.pronamespace::regnamespace::text in {OURS}
           and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)""",
    "functions for everybody": f"""
        select p.oid::regprocedure::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
         where p.pronamespace::regnamespace::text in {OURS} and a.grantee = 0""",
    "default privileges for the application": """
        select defaclobjtype::text || ' ' || a.privilege_type from pg_default_acl, aclexplode(defaclacl) a
         where a.grantee in (0, 'orders_app'::regrole) and a.privilege_type not in ('SELECT')""",
    "roles that the application's may act as": """
        select rolname from pg_roles where rolname <> 'orders_app' and pg_has_role('orders_app', oid, 'member')""",
    "attributes of the application's role": """
        select rolname from pg_roles where rolname = 'orders_app'
           and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication or rolcanlogin)""",
    "settings of the application's role": """
        select unnest(setconfig) from pg_db_role_setting where setrole = 'orders_app'::regrole""",
    "event triggers": "select evtname from pg_event_trigger",
    "large objects": "select oid::text from pg_largeobject_metadata",
    "rights to create in the database": """
        select 'create' where has_database_privilege('orders_app', current_database(), 'create')""",
    "writing to the table of versions": """
        select a.privilege_type from pg_class c, aclexplode(c.relacl) a
         where c.oid = 'public.schema_migrations'::regclass and a.grantee <> c.relowner and a.privilege_type <> 'SELECT'""",
}


@pytest.fixture
async def migrated(server: Deployment) -> AsyncIterator[Database]:
    async with database(server) as found:
        await migrate(found.owner)
        yield found


async def test_given_a_migrated_database_when_its_catalogs_are_looked_through_then_the_application_has_only_what_it_needs(
    migrated: Database,
) -> None:
    connection = await asyncpg.connect(migrated.owner)
    try:
        found = {what: [row[0] for row in await connection.fetch(query)] for what, query in WRONG.items()}
        schemas = await connection.fetch("select nspname from pg_namespace where nspowner = 'orders_owner'::regrole")
    finally:
        await connection.close()
    assert {what: each for what, each in found.items() if each} == {}
    assert sorted(row["nspname"] for row in schemas) == sorted(OURS.strip("()").replace("'", "").split(", "))


async def test_given_a_database_of_the_version_before_when_migrated_then_rows_stay_and_projector_and_rebuild_go_on(
    server: Deployment, tmp_path: Path
) -> None:
    async with database(server) as found:
        needed = (
            "20260506000001_pages_by_bytes.sql",
            "20260505000001_probe.sql",
            "20260506000003_passed_positions.sql",
            "20261130100000_reader_lanes.sql",
            "20261130103000_append_one.sql",
            "20261202020100_append_lone.sql",
        )
        with only_migrations_before(HANDOVER, tmp_path, *needed):
            await migrate(found.owner)
        async with open_pool(found.login, size=5) as pool:
            store = EventStore(pool, Wakeup(pool))
            # The other read models have columns of later migrations.
            live: list[Projector[Any]] = [projector(pool, store, CUSTOMER_ORDERS)]
            await happens(store, *history("o-1", *SHIPPED))
            for each in live:
                await drain(each)
            await found.as_application("create table projections.order_dashboard_rebuild (x text)")

            await migrate(found.owner)

            live += [projector(pool, store, each) for each in PROJECTIONS if each is not CUSTOMER_ORDERS]
            for each in live[1:]:
                await drain(each)
            for projection in PROJECTIONS:
                assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
            await happens(store, *history("o-2", *SHIPPED, customer="bob"))
            for each in live:
                await drain(each)
            for projection in PROJECTIONS:
                assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
                await rebuild(pool, store, CODEC, [projection], lambda done, head: None)
                assert await rows_of(pool, projection) == await fold_of_the_log(store, projection)
        connection = await asyncpg.connect(found.owner)
        try:
            assert [row[0] for row in await connection.fetch(WRONG["objects of the application's role"])] == []
        finally:
            await connection.close()


async def test_given_an_answer_that_was_kept_with_a_secret_when_migrated_then_the_secret_is_gone_and_the_rest_stays(
    server: Deployment, tmp_path: Path
) -> None:
    keep = """insert into web.idempotency_keys (scope, key, fingerprint, owner, locked_until, status, headers, body)
        values ('ops', '{}', '', gen_random_uuid(), now(), 201, '{{}}', convert_to('{}', 'UTF8'))"""
    async with database(server) as found:
        with only_migrations_before(HANDOVER, tmp_path):
            await migrate(found.owner)
        secret, order = '{"id":"ep_1","secret":"whsec_a+b/c=","url":"ü"}', '{"orderId":"o-1"}'
        await found.as_application(keep.format("one", secret), keep.format("two", order))
        await migrate(found.owner)
        connection = await asyncpg.connect(found.owner)
        try:
            kept = await connection.fetch("select convert_from(body, 'UTF8') from web.idempotency_keys order by key")
        finally:
            await connection.close()
        assert [row[0] for row in kept] == ['{"id":"ep_1","secret":null,"url":"ü"}', order]


async def test_given_an_administrator_that_migrates_when_a_rebuild_has_run_then_all_is_the_owners(
    server: Deployment, tmp_path: Path
) -> None:
    async with database(server) as found:
        with only_migrations_before(HANDOVER, tmp_path):
            await migrate(found.owner)
        await migrate(found.admin)
        steps = ("begin_rebuild", "index_rebuild", "swap_in")
        await found.as_application(*(f"select projections.{step}('customer_orders')" for step in steps))
        connection = await asyncpg.connect(found.admin)
        try:
            others = await connection.fetch(
                "select relname from pg_class where relnamespace = 'projections'::regnamespace and relkind = 'r'"
                " and relowner <> 'orders_owner'::regrole union all select proname from pg_proc"
                " where pronamespace = 'projections'::regnamespace and proowner <> 'orders_owner'::regrole"
            )
        finally:
            await connection.close()
        owned = [row[0] for row in others]
        assert owned == [], f"the migration of {owned} gives them no owner; 20261130210001_daily_figures.sql does"


async def test_given_a_dump_when_the_owner_restores_it_then_nothing_of_it_is_refused(migrated: Database) -> None:
    """A managed server offers no superuser."""
    async with database(migrated.server) as restored:
        await execute(restored.admin, "drop sequence public.ran_as_owner")
        await execute(migrated.admin, "drop sequence public.ran_as_owner")
        dump = await _run(migrated, "pg_dump", migrated.owner)
        answers = await _run(
            migrated, "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--dbname={restored.owner}", given=dump
        )
        assert b"ERROR" not in answers
        assert await migrate(restored.owner) == []
        await execute(restored.login, "set role orders_app", "select projections.begin_rebuild('order_dashboard')")


async def _run(found: Database, program: str, *arguments: str, given: bytes = b"") -> bytes:
    process = await asyncio.create_subprocess_exec(
        str(found.server.programs / program),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, problem = await process.communicate(given)
    assert process.returncode == 0, problem.decode()
    return output


@pytest.mark.parametrize("function", ["begin_rebuild", "index_rebuild", "swap_in"])
@pytest.mark.parametrize(
    "name", ["order_counts", "parked", "Order_dashboard", "order_dashboard_rebuild", "x; drop", "", None]
)
async def test_given_any_name_but_a_read_models_when_a_rebuild_is_asked_for_then_it_is_refused(
    migrated: Database, function: str, name: str | None
) -> None:
    connection = await asyncpg.connect(migrated.login, server_settings={"role": "orders_app"})
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(f"select projections.{function}($1)", name)
        assert refused.value.sqlstate in ("22023", "22004", "42P01", "42601"), refused.value
    finally:
        await connection.close()


async def test_given_temporary_objects_named_as_ours_and_as_catalogs_when_a_rebuild_runs_then_they_are_not_looked_at(
    migrated: Database,
) -> None:
    connection = await asyncpg.connect(migrated.login, server_settings={"role": "orders_app"})
    try:
        for name in (
            "pg_index",
            "pg_class",
            "pg_trigger",
            "pg_constraint",
            "order_dashboard",
            "order_dashboard_rebuild",
        ):
            await connection.execute(f"create temporary table {name} (indexrelid oid, indrelid oid, oid oid)")
        await connection.execute("set search_path = pg_temp, public")
        for function in ("begin_rebuild", "index_rebuild", "swap_in"):
            await connection.execute(f"select projections.{function}('order_dashboard')")
        indexes = "select count(*) from pg_catalog.pg_index where indrelid = 'projections.order_dashboard'::regclass"
        assert await connection.fetchval(indexes) == 10
    finally:
        await connection.close()
