"""`orders recover` on runs in progress that are further than a log that has lost its end."""

from datetime import timedelta

import pytest
from temporalio.client import Client

from tests.integration.dispatcher_harness import dispatching
from tests.integration.lost_tail import lose_tail
from tests.integration.test_dispatcher_lost_tail import paid_and_waiting, positions, shipped_whole
from tests.integration.test_recover import as_owner, losses
from tests.running_system import new_id, running_system


@pytest.fixture(autouse=True)
def _clocks_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatcher.starter.CLOCKS_DIFFER", timedelta(0))


@pytest.fixture
def queue() -> str:
    """The task queue of the fleet that has the order's run."""
    return f"test-{new_id()}"


@pytest.fixture
async def order_id(database_url: str, temporal_client: Client, queue: str) -> str:
    """A paid order whose run waits for its label, without a worker."""
    return await paid_and_waiting(database_url, temporal_client, queue)


@pytest.mark.parametrize("kept", [1, 2])
async def test_a_run_that_is_further_than_the_log_is_replaced_and_the_order_ships(
    database_url: str, temporal_client: Client, queue: str, order_id: str, kept: int
) -> None:
    async with dispatching(database_url, temporal_client, task_queue=queue) as given:
        position = (await positions(given.system, order_id))[kept - 1]
        await lose_tail(database_url, after=position)
        assert ("workflow", order_id, False) in await losses(given.system, apply=False)
        assert {loss[2] for loss in await losses(given.system, apply=True)} == {True}
        assert await losses(given.system, apply=True) == []
    async with running_system(database_url, temporal_client, task_queue=queue) as system:
        await system.faults.clear()
        await shipped_whole(system, order_id)


async def test_a_run_without_an_order_is_ended_and_the_order_ships_when_it_is_placed_again(
    database_url: str, temporal_client: Client, queue: str, order_id: str
) -> None:
    await lose_tail(database_url, after=0)
    async with dispatching(database_url, temporal_client, task_queue=queue) as given:
        assert await losses(given.system, apply=False) == [("workflow", order_id, False)]
        assert await losses(given.system, apply=True) == [("workflow", order_id, True)]
        assert await losses(given.system, apply=True) == []
    async with running_system(database_url, temporal_client, task_queue=queue) as system:
        await system.faults.clear()
        await system.place(order_id)
        await shipped_whole(system, order_id)


async def test_a_run_whose_reservation_is_lost_is_replaced_and_the_order_ships_with_its_goods(
    database_url: str, temporal_client: Client, queue: str, order_id: str
) -> None:
    async with dispatching(database_url, temporal_client, task_queue=queue) as given:
        assert await losses(given.system, apply=False) == []
        await as_owner(database_url, "delete from inventory.reservation_lines; delete from inventory.reservations")
        await as_owner(database_url, "update inventory.stock set available = available + reserved, reserved = 0")
        assert await losses(given.system, apply=False) == [("workflow", order_id, False)]
        assert await losses(given.system, apply=True) == [("workflow", order_id, True)]
        assert await losses(given.system, apply=True) == []
    async with running_system(database_url, temporal_client, task_queue=queue) as system:
        await system.faults.clear()
        await shipped_whole(system, order_id)
        assert await system.app.stock.reserved([order_id]) == {order_id: {"TEA-1": 2}}


async def test_runs_of_another_fleet_in_the_namespace_are_left_alone(
    database_url: str, temporal_client: Client, order_id: str
) -> None:
    await lose_tail(database_url, after=0)
    async with dispatching(database_url, temporal_client) as given:
        assert await losses(given.system, apply=True) == []
        assert "fulfill-order" in await given.system.running(order_id)
