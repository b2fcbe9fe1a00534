"""The trigger table, checked by its effects in Temporal."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from activities.signatures import OrderRef
from dispatcher.triggers import TRIGGERS
from orders.events import CancelledBy
from orders.names import MAX_NAME, workflow_id
from tests.integration.dispatcher_harness import Dispatching, dispatching
from tests.running_system import new_id, order_data
from workflows.model import CUSTOMER_ID, ORDER_ID, ORDER_STATUS

PERSONAL = [str(value) for name, value in order_data("x")["shippingAddress"].items() if name != "country"]
ABOUT_MONEY = ", 30.00 EUR"


@pytest.fixture
async def dispatching_by_hand(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as given:
        yield given


async def brought_to(given: Dispatching, event_type: str) -> str:
    """Order whose last event is of this type; cancelled ones by a person."""
    order_id = await given.system.place()
    if event_type in ("order.confirmed", "order.paid", "order.shipped"):
        await given.confirm(order_id)
    if event_type == "order.shipped":
        await given.ship(order_id)
    if event_type == "order.cancelled":
        await given.cancel(order_id, CancelledBy.CUSTOMER)
    return order_id


async def started_with(handle: WorkflowHandle[Any, Any]) -> OrderRef:
    history = await handle.fetch_history()
    [payload] = history.events[0].workflow_execution_started_event_attributes.input.payloads
    return OrderRef.model_validate_json(payload.data)


async def signals_of(handle: WorkflowHandle[Any, Any]) -> list[str]:
    events = (await handle.fetch_history()).events
    signalled = [event.workflow_execution_signaled_event_attributes for event in events if event.event_type == 26]
    return [each.signal_name for each in signalled]


@pytest.mark.parametrize(
    ("event_type", "workflows"),
    [
        ("order.placed", {"validate-order"}),
        ("order.confirmed", {"validate-order", "fulfill-order"}),
        ("order.shipped", {"validate-order", "fulfill-order", "notify-shipment"}),
        ("order.cancelled", {"validate-order", "fulfill-order"}),
    ],
)
async def test_each_event_starts_its_workflow_under_the_orders_own_id_and_no_other(
    dispatching_by_hand: Dispatching, event_type: str, workflows: set[str]
) -> None:
    given = dispatching_by_hand
    order_id = await brought_to(given, event_type)
    await given.dispatcher.step()
    found = await given.described(order_id)
    assert {(each.workflow_type, each.id) for each in found.values()} == {
        (name, f"{name}-{order_id}") for name in workflows
    }
    assert {each.task_queue for each in found.values()} == {given.app.settings.task_queue}


@pytest.mark.parametrize(
    ("event_type", "workflow", "status", "about"),
    [
        ("order.placed", "validate-order", "placed", ABOUT_MONEY),
        ("order.confirmed", "fulfill-order", "confirmed", ABOUT_MONEY),
        ("order.shipped", "notify-shipment", "shipped", ABOUT_MONEY),
        ("order.cancelled", "fulfill-order", "cancelled", ""),
    ],
)
async def test_a_workflow_is_given_the_order_and_its_cause_and_is_found_by_its_search_attributes(
    dispatching_by_hand: Dispatching, event_type: str, workflow: str, status: str, about: str
) -> None:
    given = dispatching_by_hand
    order_id = await brought_to(given, event_type)
    await given.dispatcher.step()
    description = (await given.described(order_id))[workflow]
    cause = next(e for e in [e async for e in given.app.store.stream(f"order-{order_id}")] if e.type == event_type)
    assert await started_with(given.system.workflow(workflow, order_id)) == OrderRef(
        order_id=order_id, correlation_id=f"c-{order_id}", causation_id=str(cause.id)
    )
    attributes = description.typed_search_attributes
    assert (attributes[ORDER_ID], attributes[CUSTOMER_ID], attributes[ORDER_STATUS]) == (order_id, "ALFKI", status)
    assert await description.static_summary() == f"Order {order_id} of ALFKI{about}"


async def test_a_workflow_links_to_the_operators_page(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.app.with_page("https://shop.example").dispatcher(given.system.client, eager=False).step()
    details = await (await given.described(order_id))["validate-order"].static_details()
    assert f"(https://shop.example/#/orders/{order_id})" in (details or "")


async def test_nothing_personal_goes_into_what_temporal_keeps_of_a_start(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = await brought_to(given, "order.shipped")
    await given.dispatcher.step()
    found = await given.described(order_id)
    assert len(found) == 3
    for name, description in found.items():
        history = (await given.system.workflow(name, order_id).fetch_history()).to_json()
        payloads = [p.data.decode() for p in description.raw_description.workflow_execution_info.memo.fields.values()]
        kept = history + MessageToJson(description.raw_description) + "".join(payloads)
        summary = await description.static_summary() or ""
        started = (await started_with(given.system.workflow(name, order_id))).model_dump_json()
        assert not [each for each in PERSONAL if each in kept + summary + started]


@pytest.mark.parametrize("by", [CancelledBy.VALIDATION, CancelledBy.FULFILLMENT])
async def test_a_cancellation_by_a_workflow_of_ours_triggers_nothing(
    dispatching_by_hand: Dispatching, by: CancelledBy
) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.cancel(order_id, by)
    await given.dispatcher.step()
    assert set(await given.described(order_id)) == {"validate-order"}
    assert await given.system.dispatched()


@pytest.mark.parametrize("by", [CancelledBy.CUSTOMER, CancelledBy.OPERATOR])
async def test_a_cancellation_by_a_person_signals_the_run_that_is_under_way(
    dispatching_by_hand: Dispatching, by: CancelledBy
) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place()
    await given.confirm(order_id)
    await given.dispatcher.step()
    before = await given.run_ids(order_id)
    await given.cancel(order_id, by)
    await given.dispatcher.step()
    assert await given.run_ids(order_id) == before
    assert await signals_of(given.system.workflow("fulfill-order", order_id)) == ["cancel"]


async def test_a_cancellation_by_a_person_starts_the_run_that_undoes_where_there_is_none(
    dispatching_by_hand: Dispatching,
) -> None:
    given = dispatching_by_hand
    order_id = await brought_to(given, "order.cancelled")
    await given.dispatcher.step()
    assert (await given.described(order_id))["fulfill-order"].status == WorkflowExecutionStatus.RUNNING
    assert await signals_of(given.system.workflow("fulfill-order", order_id)) == ["cancel"]


async def test_a_started_workflow_is_recorded_with_no_deadline_of_its_own(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = await brought_to(given, "order.shipped")
    await given.dispatcher.step()
    for name in ("validate-order", "fulfill-order", "notify-shipment"):
        history = await given.system.workflow(name, order_id).fetch_history()
        started = history.events[0].workflow_execution_started_event_attributes
        assert started.workflow_execution_timeout.ToTimedelta().total_seconds() == 0
        assert started.workflow_run_timeout.ToTimedelta().total_seconds() == 0


async def test_the_longest_ids_in_the_widest_characters_still_start_their_workflow(
    dispatching_by_hand: Dispatching,
) -> None:
    given = dispatching_by_hand
    order_id = await given.system.place(new_id() + "😀" * 116, customerId="😀" * 126)
    await given.dispatcher.step()
    assert await given.parked() == []
    found = await given.system.client.get_workflow_handle(workflow_id("validate-order", order_id)).describe()
    assert found.status == WorkflowExecutionStatus.RUNNING
    assert len(found.id.encode()) <= MAX_NAME


def test_the_table_has_a_row_for_each_event_that_something_follows_from() -> None:
    rows = [(each.event_type, each.status, each.workflow, each.signal, each.again) for each in TRIGGERS]
    assert rows == [
        ("order.placed", "placed", "validate-order", None, False),
        ("order.confirmed", "confirmed", "fulfill-order", None, False),
        ("order.payment_method_given", "confirmed", "fulfill-order", "retry", False),
        ("order.shipped", "shipped", "notify-shipment", None, False),
        ("order.cancelled", "cancelled", "fulfill-order", "cancel", False),
        ("order.released", "placed", "validate-order", "release", True),
        ("order.released", "confirmed", "fulfill-order", "release", False),
        ("order.released", "paid", "fulfill-order", "release", False),
        ("order.retried", "placed", "validate-order", "retry", True),
        ("order.retried", "confirmed", "fulfill-order", "retry", True),
        ("order.retried", "paid", "fulfill-order", "retry", True),
        ("order.retried", "cancelled", "fulfill-order", "retry", True),
        ("order.retried", "shipped", "notify-shipment", "retry", True),
        ("order.refund_requested", "shipped", "refund-order", None, False),
        ("order.refund_closed", "shipped", "refund-order", "retry", False),
        ("order.refund_closed", "cancelled", "fulfill-order", "retry", False),
    ]
