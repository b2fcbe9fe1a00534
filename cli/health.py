"""`orders health`: checks dependencies and progress, for container health checks and operators."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Annotated

import asyncpg
import typer
from rich.text import Text
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError

from application.migrations import missing_migrations
from application.readers import readers
from application.readiness import write_problems
from application.rights import excess_rights
from cli.arguments import AsJson
from cli.failures import explain
from cli.output import show, show_json, table
from cli.refusals import OK, REFUSED, database_address, temporal_address
from cli.running import executed, opened, temporal
from eventstore.store import EventStore
from settings import Settings
from temporal import TemporalUnreachable

MaxLag = Annotated[
    float, typer.Option("--max-lag", min=0, metavar="SECONDS", help="Maximum age of the oldest unhandled event.")
]


@dataclass(frozen=True, slots=True)
class Check:
    """A check and its result. insecure: it works, but its configuration should be fixed."""

    name: str
    ok: bool
    detail: str
    insecure: bool = False


@executed()
async def health(settings: Settings, max_lag: MaxLag = 60.0, as_json: AsJson = False) -> int:
    """Check the database, its migrations, Temporal, and that dispatcher and read models keep up; exits 1 if not.

    Rights in the database beyond what the application needs are named insecure, and do not make it exit 1.
    """
    checks = [
        check for found in await asyncio.gather(_database(settings, max_lag), _temporal(settings)) for check in found
    ]
    healthy = all(check.ok for check in checks)
    if as_json:
        show_json({"ok": healthy, "checks": [asdict(check) for check in checks]})
    else:
        show(table("check", "", "", rows=map(_row, checks)))
    return OK if healthy else REFUSED


def _row(check: Check) -> tuple[object, ...]:
    if check.insecure:
        return check.name, Text("insecure", style="yellow"), check.detail
    return check.name, Text("ok", style="green") if check.ok else Text("not ok", style="bold red"), check.detail


async def _database(settings: Settings, max_lag: float) -> list[Check]:
    async with AsyncExitStack() as stack:
        try:
            app = await stack.enter_async_context(opened(settings))
            reached = Check("database", True, database_address(settings))
            migrated = await _migrations(app.pool)
            writes = [await _writes(app.pool)] if migrated.ok else []
            return [reached, migrated, *writes, await _rights(app.pool), *await _lags(app.store, max_lag)]
        except Exception as error:
            return [Check("database", False, _explained(error, settings))]


async def _migrations(pool: asyncpg.Pool) -> Check:
    missing = await missing_migrations(pool)
    if missing is None:
        return Check("migrations", False, "missing, how many cannot be seen: run `orders migrate`")
    return Check(
        "migrations", not missing, f"missing {', '.join(missing)}: run `orders migrate`" if missing else "complete"
    )


async def _writes(pool: asyncpg.Pool) -> Check:
    problems = await write_problems(pool)
    return Check("writes", not problems, "; ".join(problems) or "taken")


async def _rights(pool: asyncpg.Pool) -> Check:
    found = await excess_rights(pool)
    return Check("rights", True, "; ".join(found) or "the application has only what it needs", insecure=bool(found))


async def _lags(store: EventStore, max_lag: float) -> list[Check]:
    found = await readers(store)
    return [
        Check(each.name, each.seconds <= max_lag, f"{each.events:,} events, {each.seconds:,.1f} s behind")
        for each in found
        if each.position is not None
    ] + [Check(each.name, each.events == 0, "has never run") for each in found if each.position is None]


async def _temporal(settings: Settings) -> list[Check]:
    try:
        client = await temporal(settings)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except (TemporalUnreachable, RPCError) as error:
        return [Check("temporal", False, _explained(error, settings))]
    return [Check("temporal", True, f"{temporal_address(settings)}, namespace {client.namespace}")]


def _explained(error: Exception, settings: Settings) -> str:
    sentence = explain(error, settings)
    if sentence is None:
        raise error
    return sentence
