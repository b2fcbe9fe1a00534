"""A server with the roles of a deployment, its owner without superuser rights, and ways to plant code as the
application."""

import shutil
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from embedded.account import account_for, hand_over
from embedded.child import Job, child
from embedded.folders import throwaway_folder
from embedded.postgres import _programs
from eventstore import migrate as migrations

POSTGRES_15: Final = Path("/usr/lib/postgresql/15/bin")
HANDOVER: Final = "20260504"
OWNER: Final = "orders_owner"
_SET_UP: Final = (
    "create role orders_owner login createrole",
    "create role orders_app nologin",
    "create role orders login",
    "grant orders_app to orders_owner, orders",
)
# Counts executions as the owner: a sequence keeps its value when the transaction is rolled back.
_COUNTER: Final = """
create sequence public.ran_as_owner;
grant usage on sequence public.ran_as_owner to public"""
PAYLOAD: Final = """returns boolean immutable language plpgsql as $$
begin
    if current_user = 'orders_owner' then perform nextval('public.ran_as_owner'); end if;
    return true;
end $$"""
FUNCTIONS: Final = f"""
create function projections.payload() {PAYLOAD};
create function projections.payload_of(text) {PAYLOAD};
create function projections.payload_of_two(text, text) {PAYLOAD};
create function projections.payload_trigger() returns trigger language plpgsql as $$
begin perform projections.payload(); return new; end $$;
"""
# Code in objects that the owner uses; FUNCTIONS come first. On a database from before the handover, all of it was possible.
PLANTS: Final = {
    "function": "",
    "policy": "alter table projections.order_dashboard enable row level security, force row level security;"
    "create policy planted on projections.order_dashboard using (projections.payload()) with check (projections.payload())",
    "policy-of-builtins": "alter table projections.revenue enable row level security, force row level security;"
    "create policy planted on projections.revenue using (nextval('public.ran_as_owner') > 0)",
    "trigger": "create trigger planted before insert or update on projections.order_counts"
    " for each row execute function projections.payload_trigger()",
    "trigger-when": "create trigger planted before insert or update on projections.order_counts"
    " for each row when (projections.payload()) execute function projections.order_counts_inserted()",
    "rule": "create rule planted as on insert to projections.revenue do also select projections.payload()",
    "view-in-the-tables-place": "drop table projections.revenue;"
    "create view projections.revenue as select 'EUR'::text as currency, 1::numeric as amount where projections.payload()",
    "view": "create view projections.planted as select 1 where projections.payload()",
    "materialized-view": "create materialized view projections.planted as select 1 as n where projections.payload()",
    "default": "alter table projections.order_counts add column planted boolean default projections.payload()",
    "default-of-builtins": "alter table projections.order_counts"
    " alter column orders set default nextval('public.ran_as_owner')",
    "generated-column": "alter table projections.order_counts"
    " add column planted boolean generated always as (projections.payload_of(status)) stored",
    "check-constraint": "alter table projections.order_counts add constraint planted check (projections.payload())",
    "foreign-key": 'create table projections.planted (currency text collate "C" references projections.revenue)',
    "index-expression": "create index planted on projections.order_dashboard (projections.payload_of(order_id))",
    "index-predicate": "create index planted on projections.order_dashboard (order_id) where projections.payload()",
    "statistics": "create statistics projections.planted on (projections.payload_of(order_id)), customer_id"
    " from projections.order_dashboard",
    "domain": "create domain projections.planted as text check (projections.payload());"
    "alter table projections.order_counts alter column status type projections.planted",
    "operator": "create operator projections.= (leftarg = text, rightarg = text, function = projections.payload_of_two)",
    "exclusion": "create operator projections.<< (leftarg = text, rightarg = text, function = projections.payload_of_two)",
    "type-and-cast": "create type projections.planted as (x int);"
    "create function projections.cast_planted(projections.planted) returns text immutable language sql"
    " as $$ select 'x'::text $$;"
    "create cast (projections.planted as text) with function projections.cast_planted(projections.planted) as implicit",
    "inheritance": "create table projections.planted () inherits (projections.order_dashboard)",
    "partitioned-table": "create table projections.planted (x text) partition by list (x)",
    "rebuild-as-a-view": "create view projections.order_dashboard_rebuild as select 1 where projections.payload()",
    "overload": "create function projections.recount(varchar) returns void language sql as 'select 1'",
    "function-named-as-a-built-in-one": "create function projections.format(text, text) returns text language sql"
    " as 'select 1::text'",
    "table": "create table projections.planted (x text)",
    "sequence": "create sequence projections.planted",
}


def needs(programs: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (programs / "initdb").exists(), reason=f"no PostgreSQL in {programs}")


_SERVERS: Final = [
    pytest.param(POSTGRES_15, id="postgresql-15", marks=needs(POSTGRES_15)),
    pytest.param(_programs(), id="embedded"),
]


@dataclass(frozen=True)
class Deployment:
    """A running server with the three roles; each user logs in by its name alone."""

    socket_dir: Path
    programs: Path

    def address(self, user: str, database: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.socket_dir}&port=5432&sslmode=disable"


@asynccontextmanager
async def deployment(programs: Path) -> AsyncIterator[Deployment]:
    with throwaway_folder() as run:
        account = account_for(run / "data")
        hand_over(run, account)
        log = run / "postgres.log"
        options = ("-D", str(run / "data"), "-U", "postgres", "-A", "trust", "--no-sync")
        async with child(
            Job("initdb", (str(programs / "initdb"), *options), log, signal.SIGINT, account=account)
        ) as initdb:
            await initdb.finished()
        places = {"listen_addresses": "", "unix_socket_directories": str(run), "fsync": "off"}
        settings = (each for name, value in places.items() for each in ("-c", f"{name}={value}"))
        argv = (str(programs / "postgres"), "-D", str(run / "data"), "-p", "5432", *settings)
        async with child(Job("PostgreSQL", argv, log, signal.SIGINT, account=account)) as server:
            here = Deployment(run, programs)

            async def answers() -> bool:
                try:
                    await execute(here.address("postgres"), "select 1")
                except (OSError, asyncpg.CannotConnectNowError):
                    return False
                return True

            await server.ready(answers, 120)
            await execute(here.address("postgres"), *_SET_UP)
            yield here


@pytest.fixture(scope="module", params=_SERVERS, name="server")
async def each_server(request: pytest.FixtureRequest) -> AsyncIterator[Deployment]:
    """A deployment on each version of PostgreSQL, for the tests of a module."""
    async with deployment(request.param) as found:
        yield found


async def execute(address: str, *statements: str) -> None:
    connection = await asyncpg.connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@dataclass(frozen=True)
class Database:
    """A new database for one test: addresses of its owner, of the application's login and of the administrator."""

    server: Deployment
    name: str

    @property
    def owner(self) -> str:
        return self.server.address(OWNER, self.name)

    @property
    def login(self) -> str:
        return self.server.address("orders", self.name)

    @property
    def admin(self) -> str:
        return self.server.address("postgres", self.name)

    async def as_application(self, *statements: str) -> None:
        await execute(self.login, "set role orders_app", *statements)

    async def ran_as_owner(self) -> bool:
        """True if planted code has run with the owner's rights."""
        connection = await asyncpg.connect(self.admin)
        try:
            return bool(await connection.fetchval("select is_called from public.ran_as_owner"))
        finally:
            await connection.close()


@asynccontextmanager
async def database(server: Deployment, template: str | None = None) -> AsyncIterator[Database]:
    """Database of the owner, empty except for the counter, or a clone of a template without connections."""
    name = f"test_{uuid.uuid4().hex}"
    source = f" template {template}" if template else ""
    await execute(server.address("postgres"), f"create database {name} owner {OWNER}{source}")
    found = Database(server, name)
    if template is None:
        await execute(found.admin, _COUNTER)
    yield found
    await execute(server.address("postgres"), f"drop database {name} with (force)")


@contextmanager
def only_migrations_before(version: str, folder: Path, *needed: str) -> Iterator[None]:
    """The migrations of an earlier version of the program. needed: later ones without which the program cannot read."""
    for each in migrations.migration_folders():
        for file in each.glob("*.sql"):
            if file.name < version or file.name in needed:
                shutil.copy(file, folder / file.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "migration_folders", lambda: [folder])
        yield
