"""A fail-over to a replica that lagged, on real PostgreSQL: lost data is named, and repaired if possible."""

from pathlib import Path

import pytest
from temporalio.client import Client

from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.migrate import migrate
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.replicated_postgres import Replicated, replicated_postgres
from tests.running_system import RunningSystem, running_system, until

_DEBIAN = Path("/usr/lib/postgresql/15/bin")
SHIPPED = ["order.placed", "order.confirmed", "order.paid", "order.shipped"]


@pytest.mark.parametrize("binaries", ["embedded", "debian"])
async def test_after_a_fail_over_with_loss_recover_takes_up_all_that_can_be_and_the_books_hold(
    binaries: str, postgres_server: Postgres, temporal_client: Client, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    programs = postgres_server.bin if binaries == "embedded" else _DEBIAN
    async with replicated_postgres(programs) as servers:
        await migrate(servers.address("primary"))
        before, halfway, lost = await _orders_until_the_loss(servers, temporal_client)
        await servers.fail_over()
        shell = shell_for(tmp_path, servers.address("replica"), temporal_server)
        await _recovered(shell, servers, temporal_client, before, halfway, lost)


async def _orders_until_the_loss(servers: Replicated, client: Client) -> tuple[list[str], list[str], list[str]]:
    """Ids of orders that were shipped before the replica was held back, of some that were paid by then, and of lost ones."""
    async with running_system(servers.address("primary"), client) as system:
        await system.stock(TEA_1=100)
        before = [await system.place() for _ in range(4)]
        for order_id in before:
            await system.settled(order_id, "shipped", 120)
        await system.faults.set("shipping.create", "unavailable", delay_seconds=1)
        halfway = [await system.place() for _ in range(4)]
        await until(lambda: _are(system, halfway, "paid"), "the orders are paid", 120)
        await system.dispatched_all()
        await servers.hold_back()
        await system.faults.clear()
        lost = [await system.place() for _ in range(4)]
        for order_id in halfway + lost:
            await system.settled(order_id, "shipped", 120)
    return before, halfway, lost


async def _are(system: RunningSystem, order_ids: list[str], status: str) -> bool:
    return all([(await system.state(order_id)).status == status for order_id in order_ids])


async def _recovered(
    shell: Shell, servers: Replicated, client: Client, before: list[str], halfway: list[str], lost: list[str]
) -> None:
    queue = shell.environment["ORDERS_TASK_QUEUE"]
    dry = await shell.orders("recover", "--json")
    assert dry.code == 1, dry
    assert {loss["subject"] for loss in dry.document["losses"]} == set(halfway)
    assert {(loss["kind"], loss["done"]) for loss in dry.document["losses"]} == {("workflow", False)}
    async with running_system(servers.address("replica"), client, task_queue=queue) as system:
        await system.faults.clear()
        assert [await system.events(order_id) for order_id in lost] == [[], [], [], []]
        applied = await shell.orders("recover", "--apply", "--json")
        assert {loss["subject"] for loss in applied.document["losses"] if loss["done"]} == set(halfway), applied
        for order_id in lost:
            await system.place(order_id)
        for order_id in before + halfway + lost:
            await system.settled(order_id, "shipped", 120)
            assert await system.events(order_id) == SHIPPED
            assert await system.money(order_id) == (30_00, 0)
            assert await system.live_labels(order_id) == 1
    again = await shell.orders("recover", "--apply", "--json")
    assert (again.code, again.document["losses"]) == (0, []), again
    assert (await shell.orders("recover")).code == 0
