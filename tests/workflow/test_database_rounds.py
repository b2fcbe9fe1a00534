"""A database step that is refused every time: marked as needing attention, in every workflow, and completed after the
fix."""

import asyncpg
import pytest

from orders.interventions import RequestRefund
from tests.running_system import RunningSystem, until
from tests.workflow.steering import Steering
from tests.workflow.test_cancellation import assert_everything_is_back

ON_THE_WAY = [
    ("validate-order", "check-inventory"),
    ("validate-order", "confirm"),
    ("fulfill-order", "read-order"),
    ("fulfill-order", "record-payment"),
    ("fulfill-order", "reserve-inventory"),
    ("fulfill-order", "record-shipment"),
    ("notify-shipment", "publish"),
]
UNDOING = {"cancel": "cancel", "release-inventory": "release-inventory", "record-refund": "refund-payment"}


async def tried_for_long(system: RunningSystem, workflow: str, order_id: str) -> dict[str, object]:
    """Answer of the query `attention` after three failing rounds."""
    await system.needs_attention(order_id, workflow)
    handle = system.workflow(workflow, order_id)
    shown: dict[str, object] = {}

    async def three_rounds() -> bool:
        shown.update(await handle.query("attention") or {})
        return bool(shown and int(str(shown["rounds"])) >= 3)

    await until(three_rounds, f"{workflow} shows that a step fails for the third time, last {shown}", seconds=60)
    return shown


@pytest.mark.parametrize(("workflow", "step"), ON_THE_WAY)
async def test_a_database_step_that_fails_for_long_is_seen_and_then_done(
    skipping: RunningSystem, steering: Steering, workflow: str, step: str
) -> None:
    steering.failing.add(step)
    order_id = await skipping.place()
    shown = await tried_for_long(skipping, workflow, order_id)
    assert (shown["step"], shown["error"]) == (step, "down for the test")
    steering.failing.clear()
    await skipping.settled(order_id, "shipped")
    assert await skipping.money(order_id) == (30_00, 0)
    assert not await skipping.is_marked(order_id, workflow)


@pytest.mark.parametrize("step", UNDOING)
async def test_a_database_step_of_an_undoing_that_fails_for_long_is_seen_and_then_done(
    skipping: RunningSystem, steering: Steering, step: str
) -> None:
    steering.refuse("create-shipment")
    steering.failing.add(step)
    order_id = await skipping.place()
    shown = await tried_for_long(skipping, "fulfill-order", order_id)
    assert (shown["step"], shown["error"]) == (UNDOING[step], "down for the test")
    steering.failing.clear()
    await assert_everything_is_back(skipping, order_id, "fulfillment")
    assert not await skipping.is_marked(order_id, "fulfill-order")


async def test_a_refund_that_cannot_be_recorded_is_seen_and_then_recorded(
    skipping: RunningSystem, steering: Steering
) -> None:
    order_id = await skipping.place()
    await skipping.settled(order_id, "shipped")
    steering.failing.add("record-requested-refund")
    await skipping.handle(order_id, RequestRefund(order_id, "r-1", 10_00, "it arrived late"))
    shown = await tried_for_long(skipping, "refund-order", f"{order_id}/r-1")
    assert shown["step"] == "record-requested-refund"
    steering.failing.clear()

    async def recorded() -> bool:
        return "order.refunded" in await skipping.events(order_id)

    await until(recorded, "the refund is recorded")
    assert await skipping.money(order_id) == (30_00, 10_00)


async def test_a_grant_that_is_missing_is_seen_and_the_order_goes_on_once_it_is_given(
    skipping: RunningSystem, database_url: str
) -> None:
    function = "function inventory.reserve(text, text[], bigint[])"
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(f"revoke execute on {function} from orders_app, public")
        order_id = await skipping.place()
        await skipping.needs_attention(order_id)
        shown = await skipping.workflow("fulfill-order", order_id).query("attention")
        assert (shown["step"], shown["error"]) == ("reserve-inventory", "database error 42501")
        await owner.execute(f"grant execute on {function} to orders_app")
    finally:
        await owner.close()
    await skipping.settled(order_id, "shipped", seconds=120)
