"""Code planted by the application's role never runs with the owner's rights, at a migration or in administration."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from eventstore.migrate import MigrationFailed, _dbmate_up, dbmate_url, migrate
from eventstore.planted import Planted, refuse_planted
from eventstore.statements import PLANTED
from tests.integration.event_store_harness import eventually
from tests.integration.rights_harness import (
    FUNCTIONS,
    HANDOVER,
    PLANTS,
    Database,
    Deployment,
    database,
    execute,
    only_migrations_before,
)

ROOT = Path(__file__).resolve().parents[2]
# Every access of an owner to the read models: read, write, rewrite, inspect.
_TOUCHES = (
    "select count(*) from projections.{table}",
    "alter table projections.{table} add column later text default 'x'",
    "create temporary table kept as select * from projections.{table}; delete from projections.{table};"
    "insert into projections.{table} select * from kept",
    "reindex table projections.{table}",
    "analyze projections.{table}",
    "vacuum projections.{table}",
)
# The first is in FUNCTIONS, which are reported in any case; a bare table runs nothing, and the migration reports it.
HARMLESS = ("function", "table")
LIVE = ("policy", "policy-of-builtins", "trigger", "index-expression", "view-in-the-tables-place", "check-constraint")
_TABLES = ("order_dashboard", "customer_orders", "order_counts", "revenue")


@pytest.fixture(scope="module")
async def version_before(server: Deployment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Name of a template: the previous version, whose application owned the read models, with a row in each."""
    async with database(server) as found:
        with only_migrations_before(HANDOVER, tmp_path_factory.mktemp("migrations")):
            await migrate(found.owner)
        await found.as_application(_A_ROW)
        yield found.name


@pytest.fixture(scope="module")
async def present_version(server: Deployment) -> AsyncIterator[str]:
    """Name of a template with every migration applied."""
    async with database(server) as found:
        await migrate(found.owner)
        yield found.name


@pytest.fixture
async def before(server: Deployment, version_before: str) -> AsyncIterator[Database]:
    async with database(server, version_before) as found:
        yield found


@pytest.fixture
async def migrated(server: Deployment, present_version: str) -> AsyncIterator[Database]:
    async with database(server, present_version) as found:
        yield found


_A_ROW = """
insert into projections.order_dashboard (order_id, customer_id, status, payment_state, currency, total, units, amount_paid,
    amount_refunded, placed_at, updated_at, placed_position, position)
values ('o-1', 'ada', 'placed', 'none', 'EUR', 1300, 2, 0, 0, now(), now(), 1, 1);
insert into projections.customer_orders values ('ada', 'EUR', 1, 0, 0, 1300, now(), now(), 1)"""


async def touch(found: Database) -> None:
    """Access the read models as a later migration or an administrator does."""
    for table in _TABLES:
        for statement in _TOUCHES:
            try:
                await execute(found.owner, statement.format(table=table))
            except asyncpg.PostgresError:
                continue  # the planted code may have made it impossible


@pytest.mark.parametrize("plant", LIVE)
async def test_given_the_version_before_when_its_owner_comes_by_then_what_is_planted_runs_with_the_owners_rights(
    before: Database, plant: str
) -> None:
    """The attacks of the other tests in this file work where the application owns the tables."""
    await before.as_application(FUNCTIONS, PLANTS[plant])
    await execute(before.admin, "alter sequence public.ran_as_owner restart")
    await touch(before)
    assert await before.ran_as_owner()


@pytest.mark.parametrize("plant", PLANTS)
async def test_given_planted_code_when_migrated_then_it_is_named_and_has_not_run(before: Database, plant: str) -> None:
    await before.as_application(FUNCTIONS, *filter(None, [PLANTS[plant]]))
    await execute(before.admin, "alter sequence public.ran_as_owner restart")

    with pytest.raises(Planted) as refused:
        await migrate(before.owner)
    with pytest.raises(MigrationFailed, match="another role has made them"):
        await _dbmate_up(dbmate_url(before.owner, encrypted=False))

    assert any("payload" in each for each in refused.value.objects)
    assert len(refused.value.objects) > 4 or plant in HARMLESS, refused.value.objects
    assert not await before.ran_as_owner()


async def test_given_a_table_of_the_applications_own_when_migrated_then_it_is_named(before: Database) -> None:
    await before.as_application(PLANTS["table"])
    with pytest.raises(MigrationFailed, match=r"projections\.planted"):
        await migrate(before.owner)


@pytest.mark.parametrize("plant", PLANTS)
async def test_given_a_migrated_database_when_code_is_planted_then_the_database_refuses(
    migrated: Database, plant: str
) -> None:
    for statement in filter(None, [*FUNCTIONS.strip().split("\n\n"), *PLANTS[plant].split(";create")]):
        text = statement if statement.lstrip().startswith(("create", "alter", "drop")) else f"create{statement}"
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await migrated.as_application(text)
        assert refusal.value.sqlstate in ("42501", "42883", "42704", "42P01"), refusal.value
    await touch(migrated)
    assert not await migrated.ran_as_owner()
    assert await migrate(migrated.owner) == []


async def test_given_planted_code_that_was_dropped_when_migrated_again_then_it_goes_on_with_the_data_there_was(
    before: Database,
) -> None:
    await before.as_application(FUNCTIONS, PLANTS["policy"])
    with pytest.raises(Planted):
        await migrate(before.owner)
    await execute(
        before.owner,
        "drop policy planted on projections.order_dashboard",
        "alter table projections.order_dashboard disable row level security, no force row level security",
        "drop function projections.payload, projections.payload_of, projections.payload_of_two, projections.payload_trigger",
    )
    assert [name[:8] for name in await migrate(before.owner)][:1] == [HANDOVER]
    connection = await asyncpg.connect(before.owner)
    try:
        assert await connection.fetchval("select order_id from projections.order_dashboard") == "o-1"
        assert await connection.fetchval("select orders from projections.order_counts where status = 'placed'") == 1
        assert await connection.fetchval("select amount from projections.revenue") == 1300
    finally:
        await connection.close()


async def test_given_code_that_is_planted_while_the_handover_waits_when_it_is_committed_then_it_is_found(
    before: Database,
) -> None:
    planter = await asyncpg.connect(before.login)
    try:
        await planter.execute("set role orders_app")
        transaction = planter.transaction()
        await transaction.start()
        await planter.execute(
            "alter table projections.revenue enable row level security, force row level security;"
            "create policy planted on projections.revenue using (nextval('public.ran_as_owner') > 0)"
        )
        migrating = asyncio.create_task(migrate(before.owner))
        waits = "select exists (select from pg_locks where not granted and relation = 'projections.revenue'::regclass)"
        await eventually("the handover waits", lambda: planter.fetchval(waits), within=60)
        await transaction.commit()
        with pytest.raises(MigrationFailed, match=r"policy planted on projections\.revenue"):
            await migrating
    finally:
        await planter.close()
    assert not await before.ran_as_owner()


async def test_given_what_lets_others_hang_triggers_on_a_table_when_migrated_then_only_reading_is_left(
    before: Database,
) -> None:
    await before.as_application(
        "grant all on projections.order_dashboard to orders with grant option",
        "grant references (currency) on projections.revenue to public",
        "grant select on projections.customer_orders to public",
    )
    await migrate(before.owner)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(
            before.login, "create trigger planted after update on projections.order_dashboard execute function x()"
        )
    connection = await asyncpg.connect(before.owner)
    try:
        rights = await connection.fetch(
            "select c.relname || ' ' || a.grantee::regrole || ' ' || a.privilege_type from pg_class c, aclexplode(c.relacl) a"
            " where c.relnamespace = 'projections'::regnamespace and (a.is_grantable or a.privilege_type in"
            " ('TRIGGER', 'REFERENCES', 'TRUNCATE', 'MAINTAIN')) and a.grantee <> c.relowner"
        )
        public = "select has_table_privilege('orders', 'projections.customer_orders', 'select')"
        assert [row[0] for row in rights] == []
        assert await connection.fetchval(public)
        assert not await connection.fetchval(
            "select has_any_column_privilege('orders', 'projections.revenue', 'references')"
        )
    finally:
        await connection.close()


async def test_given_functions_in_public_that_fit_better_than_built_in_ones_when_migrated_then_none_runs(
    server: Deployment,
) -> None:
    counted = "if current_user = 'orders_owner' then perform nextval('public.ran_as_owner'); end if;"
    payload = f"language plpgsql as $$ begin {counted}"
    formats = f"returns text {payload} return pg_catalog.format($1, $2); end $$"
    async with database(server) as found:
        await execute(
            found.admin,
            "grant create on schema public to public",
            f"grant create on database {found.name} to orders_app",
        )
        await found.as_application(
            f"create function public.pg_advisory_lock(text) returns void {payload} end $$",
            f"create function public.format(text, name) {formats}",
            f"create function public.format(text, text) {formats}",
            f"create function public.array_position(text[], text) returns int {payload} return 1; end $$",
            "create schema orders_owner",
            f"create function orders_owner.format(text, text) {formats}",
        )
        await migrate(found.owner)
        await execute(found.owner, "select gateways.stripe_rank('new')")
        assert not await found.ran_as_owner()


async def test_given_a_table_of_versions_that_another_role_has_made_when_migrated_then_nothing_is_migrated(
    server: Deployment,
) -> None:
    async with database(server) as found:
        await execute(found.admin, "grant create on schema public to public")
        await found.as_application("create table public.schema_migrations (version varchar primary key)")
        with pytest.raises(Planted, match=r"table public\.schema_migrations"):
            await migrate(found.owner)
        assert not await found.ran_as_owner()


async def test_given_a_function_whose_transaction_outlived_the_handover_when_migrated_again_then_it_is_named(
    migrated: Database,
) -> None:
    await execute(
        migrated.admin,
        "create function projections.late() returns int language sql as 'select 1'",
        "alter function projections.late() owner to orders_app",
    )
    with pytest.raises(Planted, match=r"function projections\.late\(\)"):
        await migrate(migrated.owner)


def test_the_migration_and_the_program_look_for_the_same() -> None:
    [migration] = (ROOT / "projections" / "migrations").glob(f"{HANDOVER}*.sql")
    assert PLANTED in migration.read_text()


async def test_given_an_owner_that_is_not_the_administrator_when_asked_then_its_own_objects_are_not_taken_for_planted(
    migrated: Database,
) -> None:
    connection = await asyncpg.connect(migrated.owner, server_settings={"search_path": "pg_catalog"})
    try:
        await connection.execute("create view projections.of_the_owner as select 1 as n")
        await refuse_planted(connection)
    finally:
        await connection.close()
