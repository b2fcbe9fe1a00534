"""One trace for all effects of a command: its append, three workflows, their steps, the gateways, and the
compensations."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from orders.commands import PlaceOrder
from orders.ids import stream_name
from orders.model import parse_order
from tests.integration.tracing_harness import Traces, record
from tests.running_system import PLACED_AT, RunningSystem, new_id, order_data, running_system
from tests.workflow.steering import Steering


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Traces:
    return record(monkeypatch)


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, traces: Traces, steering: Steering
) -> AsyncIterator[RunningSystem]:
    client = traces.through(temporal_client)
    async with running_system(database_url, client, interceptors=[steering], shipping_unavailable_above=100) as running:
        await running.stock(TEA_1=500)
        yield running


def step(workflow: str, name: str) -> Counter[tuple[str, str]]:
    """Spans of a workflow's step: the request below the workflow's start, the execution below the request."""
    return Counter(
        [(f"StartWorkflow:{workflow}", f"StartActivity:{name}"), (f"StartActivity:{name}", f"RunActivity:{name}")]
    )


def started(event: str, workflow: str) -> Counter[tuple[str, str]]:
    """Spans of a workflow that an event's append started."""
    start = f"StartWorkflow:{workflow}"
    return Counter(
        [
            (f"append {event}", f"dispatch {event}"),
            (f"dispatch {event}", start),
            (start, f"RunWorkflow:{workflow}"),
            (start, f"CompleteWorkflow:{workflow}"),
        ]
    )


def appended(name: str, command: str, event: str) -> Counter[tuple[str, str]]:
    return Counter([(f"RunActivity:{name}", command), (command, f"append {event}")])


PLACED = Counter([("", "PlaceOrder"), ("PlaceOrder", "append order.placed")])
CONFIRMED = (
    started("order.placed", "validate-order")
    + step("validate-order", "check-inventory")
    + step("validate-order", "confirm")
    + appended("confirm", "ConfirmOrder", "order.confirmed")
)
PAID = (
    started("order.confirmed", "fulfill-order")
    + step("fulfill-order", "read-order")
    + step("fulfill-order", "charge-payment")
    + Counter([("RunActivity:charge-payment", "payment.charge")])
    + step("fulfill-order", "record-payment")
    + appended("record-payment", "RecordPayment", "order.paid")
    + step("fulfill-order", "reserve-inventory")
    + step("fulfill-order", "create-shipment")
    + Counter([("RunActivity:create-shipment", "shipping.create")])
)
SHIPPED = (
    step("fulfill-order", "record-shipment")
    + appended("record-shipment", "RecordShipment", "order.shipped")
    + started("order.shipped", "notify-shipment")
    + step("notify-shipment", "publish")
    + step("notify-shipment", "publish")
    + Counter(
        [("RunActivity:publish", "append notifications.shipment"), ("RunActivity:publish", "append analytics.revenue")]
    )
)
UNDONE = (
    step("fulfill-order", "cancel")
    + appended("cancel", "CancelOrder", "order.cancelled")
    + step("fulfill-order", "void-shipment")
    + Counter([("RunActivity:void-shipment", "shipping.void")])
    + step("fulfill-order", "release-inventory")
    + step("fulfill-order", "refund-payment")
    + Counter([("RunActivity:refund-payment", "payment.void")])
    + step("fulfill-order", "record-refund")
    + appended("record-refund", "RecordRefund", "order.refunded")
)


def difference(traces: Traces, expected: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Number of surplus spans, negative for missing ones, by parent and name."""
    tree = traces.tree()
    tree.subtract(expected)
    return {pair: count for pair, count in tree.items() if count}


async def test_all_of_a_shipped_order_is_one_tree(system: RunningSystem, traces: Traces) -> None:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    assert difference(traces, PLACED + CONFIRMED + PAID + SHIPPED) == {}
    assert len(traces.trace_ids()) == 1
    [trace_id] = traces.trace_ids()
    async for event in system.app.store.stream(stream_name(order_id)):
        assert event.metadata["traceparent"].split("-")[1] == f"{trace_id:032x}"


async def test_all_of_an_order_that_is_undone_is_one_tree(system: RunningSystem, traces: Traces) -> None:
    order_id = await system.place(quantity=101, unit_price=1)
    await system.settled(order_id, "cancelled")
    assert difference(traces, PLACED + CONFIRMED + PAID + UNDONE) == {}
    assert len(traces.trace_ids()) == 1


async def test_a_run_that_is_replayed_by_another_worker_records_nothing_twice(
    database_url: str, temporal_client: Client, traces: Traces, steering: Steering
) -> None:
    client = traces.through(temporal_client)
    order = parse_order(order_data(new_id()), now=PLACED_AT)
    async with running_system(database_url, client, interceptors=[steering]) as first:
        queue = first.app.settings.task_queue
        await first.stock(TEA_1=500)
        steering.failing.add("create-shipment")
        await first.app.orders.handle(stream_name(order.order_id), PlaceOrder(order), command_id=new_id(), metadata={})
        await first.step_is_failing(order.order_id, "create-shipment")
    attempts = traces.tree()[("StartActivity:create-shipment", "RunActivity:create-shipment")]
    steering.failing.clear()
    async with running_system(database_url, client, interceptors=[steering], task_queue=queue) as second:
        await second.settled(order.order_id, "shipped")
    retried = Counter({("StartActivity:create-shipment", "RunActivity:create-shipment"): attempts})
    tree = difference(traces, PLACED + CONFIRMED + PAID + SHIPPED)
    assert set(tree) <= set(retried), tree
    assert len(traces.trace_ids()) == 1


async def test_a_persons_cancel_is_a_trace_of_its_own_in_which_the_signal_is_linked(
    system: RunningSystem, traces: Traces, steering: Steering
) -> None:
    held = steering.hold_after("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    await system.cancel(order_id)
    await system.dispatched_all()
    held.release.set()
    await system.settled(order_id, "cancelled")
    assert len(traces.trace_ids()) == 2
    [handled] = [span for span in traces.spans if span.name == "HandleSignal:cancel"]
    [asked] = [span for span in traces.spans if span.name == "SignalWithStartWorkflow:fulfill-order"]
    assert asked.context
    assert [link.context.span_id for link in handled.links] == [asked.context.span_id]


async def test_without_tracing_nothing_is_recorded_and_no_event_carries_a_trace(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        async for event in system.app.store.stream(stream_name(order_id)):
            assert "traceparent" not in event.metadata
        history = await system.workflow("fulfill-order", order_id).fetch_history()
    assert not any(b"_tracer-data" in event.SerializeToString() for event in history.events)


async def test_a_trace_that_metadata_cannot_carry_is_no_trace(system: RunningSystem, traces: Traces) -> None:
    order = parse_order(order_data(new_id()), now=PLACED_AT)
    metadata = {"traceparent": "no trace"}
    await system.app.orders.handle(
        stream_name(order.order_id), PlaceOrder(order), command_id=new_id(), metadata=metadata
    )
    await system.settled(order.order_id, "shipped")
    assert len(traces.trace_ids()) == 2  # the command's span, and those of its effects
