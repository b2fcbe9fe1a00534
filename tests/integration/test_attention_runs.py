"""Running workflows that need attention: stalled, with failing tasks, or with a database step that is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import PauseActivityRequest
from temporalio.client import Client

from audit.report import LABELS, MONEY, OPEN_ORDERS, STOCK
from embedded.temporal import TemporalServer
from eventstore.pool import ROLE
from open_work import standstill
from open_work.attention_list import find_stuck
from open_work.kinds import Stuck
from open_work.open_orders import Prospects, Work
from orders.events import CancelledBy
from tests.integration.audit_harness import Books, opened_books
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.standing_harness import LONG, listed, listed_at_last, runs_as
from tests.integration.standing_workflows import (
    STEP,
    AsksAGateway,
    GoesOn,
    HasABug,
    IsRefusedByTheDatabase,
    IsRefusedRoundAfterRound,
    WaitsForASignal,
    WaitsForATimer,
)
from tests.running_system import new_id, running_system


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool, task_queue=f"standing-{uuid4().hex[:8]}") as opened:
        yield opened


@pytest.fixture
def order_id() -> str:
    return f"o-{new_id()}"


async def cancelled_and_not_undone(books: Books, order_id: str) -> None:
    await books.paid(order_id)
    await books.reserve(order_id)
    await books.buy_label(order_id)
    await books.cancel(order_id, CancelledBy.CUSTOMER)
    await books.passed_by_dispatcher()


async def test_a_cancelled_order_whose_run_waits_for_a_lost_signal_is_stalled(
    books: Books, temporal_client: Client, temporal_server: TemporalServer, order_id: str, tmp_path: Path
) -> None:
    await cancelled_and_not_undone(books, order_id)
    async with runs_as(books, temporal_client, WaitsForASignal, order_id):
        [row] = await listed(books, temporal_client)
        assert (row.kind, row.order_id, row.state, row.step) == ("stalled", order_id, "cancelled", "fulfill-order")
        assert row.error == f"waits for a signal that does not come: `orders retry {order_id}`"
        assert row.since
        found = await books.found(temporal_client)
        assert found == [(MONEY, order_id), (LABELS, order_id), (STOCK, order_id)]

        settings = books.app.settings
        shell = shell_for(tmp_path, settings.app_database_url, temporal_server)
        shell = Shell(tmp_path, shell.environment | {"ORDERS_TASK_QUEUE": settings.task_queue})
        ended = await shell.orders("attention", "--json")
        assert ended.code == 1
        assert [(each["kind"], each["orderId"]) for each in ended.document["stuck"]] == [("stalled", order_id)]


async def test_a_released_order_whose_run_waits_for_a_lost_signal_is_stalled(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, WaitsForASignal, order_id):
        assert [(each.kind, each.order_id) for each in await listed(books, temporal_client)] == [("stalled", order_id)]
        await books.project()
        [finding] = (await books.audit(temporal_client)).findings
        assert (finding.check, finding.subject) == (OPEN_ORDERS, order_id)
        assert "waits for a signal that does not come" in finding.problem


async def test_a_run_that_is_stalled_and_marked_is_listed_once(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, WaitsForASignal, order_id, marked=True):
        assert [each.kind for each in await listed(books, temporal_client)] == ["stalled"]


async def test_a_stalled_run_is_listed_also_where_nothing_is_left_to_do_for_its_order(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.out_of_stock(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, WaitsForASignal, order_id):
        assert [each.kind for each in await listed(books, temporal_client)] == ["stalled"]
        assert await books.found(temporal_client) == []


async def test_an_order_on_hold_is_listed_as_held_and_its_run_may_wait_for_the_release(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.hold(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, WaitsForASignal, order_id):
        assert [each.kind for each in await listed(books, temporal_client)] == ["onHold"]


async def test_a_run_that_waits_for_a_timer_goes_on_however_many_signals_it_had_since(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, WaitsForATimer, order_id):
        handle = temporal_client.get_workflow_handle(f"fulfill-order-{order_id}")
        for _ in range(20):
            await handle.signal("release")
            assert await listed(books, temporal_client) == []


async def test_a_run_that_goes_on_is_never_taken_for_stalled_between_two_of_its_steps(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await cancelled_and_not_undone(books, order_id)
    async with runs_as(books, temporal_client, GoesOn, order_id):
        for _ in range(30):
            assert await listed(books, temporal_client) == []


async def test_a_workflow_task_that_keeps_failing_is_listed_with_its_cause(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, HasABug, order_id):
        row = await listed_at_last(lambda: listed(books, temporal_client))
        assert (row.kind, row.order_id, row.step) == ("failing", order_id, "workflow task")
        assert "a bug of ours" in row.error
        assert row.since
        assert (await books.audit(temporal_client)).findings == []  # it is retried automatically


@pytest.mark.parametrize(
    ("workflow", "step", "error"),
    [
        (IsRefusedByTheDatabase, "workflow task", "a database step is tried again and again"),
        (IsRefusedRoundAfterRound, STEP, "database error 42501"),
    ],
)
async def test_a_database_step_that_is_refused_at_every_attempt_is_listed(
    books: Books, temporal_client: Client, order_id: str, workflow: type, step: str, error: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, workflow, order_id):
        row = await listed_at_last(lambda: listed(books, temporal_client))
        assert (row.kind, row.order_id, row.step) == ("failing", order_id, step)
        assert row.error.startswith(error)


async def test_an_order_that_the_database_refuses_to_go_on_with_is_listed(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client, shutdown_seconds=0) as system:
        await system.stock(TEA_1=10)
        function = "execute on function inventory.reserve"
        owner = await asyncpg.connect(database_url)
        await owner.execute(f"revoke {function} from {ROLE}, public")
        order_id = await system.place()

        async def look() -> list[Stuck]:
            return (await find_stuck(system.app.sources(temporal_client), system.app.settings, 100)).rows

        row = await listed_at_last(look)
        assert (row.kind, row.order_id, row.workflow_id) == ("failing", order_id, f"fulfill-order-{order_id}"), row
        await owner.execute(f"grant {function} to {ROLE}")
        await owner.close()
        await system.settled(order_id, "shipped", LONG)
        assert await look() == []


async def test_a_run_that_has_ended_since_a_search_found_it_is_no_lost_work(
    books: Books, temporal_client: Client, order_id: str
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    started = await temporal_client.start_workflow(
        "validate-order", id=f"validate-order-{order_id}", task_queue=books.app.settings.task_queue
    )
    await started.terminate()
    search = Work("validate-order", (order_id,), position=0, found_id=started.id)
    [prospect] = (await Prospects(books.app.sources(temporal_client)).of([search]))[order_id]
    assert not prospect.is_stuck, prospect


async def test_a_paused_activity_is_listed(books: Books, temporal_client: Client, order_id: str) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    async with runs_as(books, temporal_client, AsksAGateway, order_id):
        execution: Any = WorkflowExecution(workflow_id=f"fulfill-order-{order_id}")
        await temporal_client.workflow_service.pause_activity(
            PauseActivityRequest(namespace=temporal_client.namespace, execution=execution, type=STEP, identity="test")
        )
        row = await listed_at_last(lambda: listed(books, temporal_client))
        assert (row.kind, row.step) == ("stalled", STEP)
        assert row.error == "is paused in Temporal: unpause the activity there"


async def test_a_task_that_no_worker_takes_is_listed_after_some_minutes(
    books: Books, temporal_client: Client, order_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await books.paid(order_id)
    await books.passed_by_dispatcher()
    queue = books.app.settings.task_queue
    await temporal_client.start_workflow("fulfill-order", id=f"fulfill-order-{order_id}", task_queue=queue)
    assert await listed(books, temporal_client) == []
    monkeypatch.setattr(standstill, "_TAKEN_WITHIN", timedelta(0))
    [row] = await listed(books, temporal_client)
    assert (row.kind, row.step, row.error) == ("failing", "workflow task", "no worker takes it: is one running?")
    assert (await books.audit(temporal_client)).findings == []
