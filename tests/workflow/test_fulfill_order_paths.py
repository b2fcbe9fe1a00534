"""Every step of fulfill-order failing for good, one at a time: every earlier step is undone, in the right order."""

import pytest
from temporalio.client import WorkflowExecutionStatus

from orders.state import Cancelled
from tests.running_system import RunningSystem
from tests.workflow.steering import Steering

REFUND = ["refund-payment"]
REFUND_CHARGED = ["refund-payment", "record-refund"]


@pytest.mark.parametrize(
    ("step", "undone"),
    [
        ("charge-payment", REFUND),
        ("record-payment", REFUND_CHARGED),
        ("reserve-inventory", REFUND_CHARGED),
        ("create-shipment", REFUND_CHARGED),
        ("record-shipment", REFUND_CHARGED),
    ],
)
async def test_a_step_refused_for_good_undoes_what_came_before_it_in_reverse(
    system: RunningSystem, steering: Steering, step: str, undone: list[str]
) -> None:
    steering.refuse(step, "no such luck")
    order_id = await system.place()
    state = await system.settled(order_id, "cancelled")
    steps = await system.steps(order_id)
    assert steps[steps.index("cancel") :] == ["cancel", "void-shipment", "release-inventory", *undone]
    assert isinstance(state, Cancelled)
    assert (state.reason, state.cancelled_by) == ("no such luck", "fulfillment")
    charged, refunded = await system.money(order_id)
    assert charged == refunded == (0 if step == "charge-payment" else 30_00)
    assert state.payment_state == ("none" if step == "charge-payment" else "refunded")
    assert await system.available("TEA-1") == 10


async def test_a_declined_payment_cancels_the_order_and_takes_nothing(system: RunningSystem) -> None:
    order_id = await system.place(unit_price=90_00)
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason.startswith("Payment declined")
    assert await system.money(order_id) == (0, 0)
    assert await system.events(order_id) == ["order.placed", "order.confirmed", "order.cancelled"]


async def test_an_unavailable_carrier_gives_money_and_goods_back(system: RunningSystem) -> None:
    await system.stock(TEA_1=500)
    order_id = await system.place(quantity=101, unit_price=1)
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason.startswith("Shipping unavailable")
    assert await system.money(order_id) == (101, 101)
    assert await system.available("TEA-1") == 500
    assert (await system.events(order_id))[-3:] == ["order.paid", "order.cancelled", "order.refunded"]


async def test_goods_sold_between_check_and_reserve_give_the_money_back(
    system: RunningSystem, steering: Steering
) -> None:
    held = steering.hold_before("reserve-inventory")
    order_id = await system.place(quantity=2)
    await held.reached.wait()
    await system.stock(TEA_1=1)
    held.release.set()
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason == "Items out of stock"
    assert [(s.sku, s.requested, s.available) for s in state.shortages] == [("TEA-1", 2, 1)]
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.available("TEA-1") == 1


async def test_an_order_without_stock_is_cancelled_with_the_skus_that_are_short(system: RunningSystem) -> None:
    items = [
        {"sku": "TEA-1", "name": "Tea", "quantity": 6, "unitPrice": 1},
        {"sku": "TEA-1", "name": "Tea again", "quantity": 5, "unitPrice": 1},
        {"sku": "SOLD-OUT", "name": "Coffee", "quantity": 1, "unitPrice": 1},
    ]
    await system.stock(SOLD_OUT=0)
    order_id = await system.place(items=items, total=12)
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert (state.reason, state.cancelled_by) == ("Items out of stock", "validation")
    shortages = [(s.sku, s.requested, s.available) for s in state.shortages]
    assert shortages == [("SOLD-OUT", 1, 0), ("TEA-1", 11, 10)]
    assert await system.steps(order_id, "validate-order") == ["check-inventory", "cancel"]
    assert await system.running(order_id) == []


async def test_an_order_of_an_unknown_sku_is_cancelled_with_its_name(system: RunningSystem) -> None:
    order_id = await system.place(sku="NEVER-IMPORTED")
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert state.reason == "Unknown SKU: NEVER-IMPORTED"


async def test_a_decline_ends_the_run_as_completed_because_the_procedure_did_its_work(system: RunningSystem) -> None:
    order_id = await system.place(unit_price=90_00)
    await system.settled(order_id, "cancelled")
    description = await system.workflow("fulfill-order", order_id).describe()
    assert description.status == WorkflowExecutionStatus.COMPLETED


async def test_a_shipped_order_is_told_once_to_each_topic(system: RunningSystem) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    handle = system.workflow("notify-shipment", order_id)
    messages = (await handle.result())["messages"]
    for topic, message_id in zip(["notifications.shipment", "analytics.revenue"], messages, strict=True):
        published = await system.app.store.read_stream(topic)
        assert [(e.data["id"], e.data["subject"], e.data["type"]) for e in published] == [(message_id, order_id, topic)]
    revenue = (await system.app.store.read_stream("analytics.revenue"))[0].data["data"]
    assert revenue == {"orderId": order_id, "customerId": "ALFKI", "amount": 30_00, "currency": "EUR"}
