"""Operator commands beside a running system: hold, release, retry, refund and attention."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from application.retrying import EFFECTS
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.temporal import TemporalServer
from eventstore.parking import Parking
from orders.ids import stream_name
from orders.state import Shipped
from tests.integration.cli_harness import Shell, shell_for
from tests.integration.operators_harness import assert_the_books_hold, shipped, stopped_before, stuck
from tests.running_system import RunningSystem, new_id, running_system, until
from tests.workflow.steering import Steering

ACTOR = f"cli:{getpass.getuser()}"


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def system(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    async with running_system(database_url, temporal_client, interceptors=[steering]) as running:
        await running.stock(TEA_1=100)
        yield running


@pytest.fixture
def shell(system: RunningSystem, temporal_server: TemporalServer, tmp_path: Path) -> Shell:
    settings = system.app.settings
    assert settings.database_url
    shell = shell_for(tmp_path, settings.database_url, temporal_server)
    return Shell(tmp_path, shell.environment | {"ORDERS_TASK_QUEUE": settings.task_queue})


async def test_a_held_order_is_shown_as_such_and_goes_on_when_released(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    order_id = await stopped_before(system, steering, "create-shipment")
    held = await shell.orders("hold", order_id, "--reason", "fraud suspected")
    assert (held.code, held.out, held.err) == (0, f"order {order_id} is on hold while paid\n", "")
    steering.before["create-shipment"].release.set()

    again = await shell.orders("hold", order_id, "--reason", "another", "--json")
    expected = {"orderId": order_id, "changed": False, "status": "paid", "onHold": True, "reason": "fraud suspected"}
    assert (again.code, again.document) == (0, expected)
    assert (await shell.orders("show", order_id, "--json")).document["hold"] == {"reason": "fraud suspected"}
    assert "on hold: fraud suspected" in (await shell.orders("list", "--status", "paid")).out
    [row] = await stuck(shell)
    assert (row["kind"], row["orderId"], row["state"]) == ("onHold", order_id, "paid")
    assert row["error"] == f"fraud suspected, by {ACTOR}"
    assert datetime.fromisoformat(row["since"]) < datetime.now(UTC)

    released = await shell.orders("release", order_id)
    assert (released.code, released.out) == (0, f"order {order_id} is released, goes on from paid\n")
    await system.settled(order_id, "shipped")
    timeline = (await shell.orders("timeline", order_id, "--json")).document
    by_hand = [(each["type"], each["actor"]) for each in timeline["events"] if each["actor"] == ACTOR]
    assert by_hand == [("order.held", ACTOR), ("order.released", ACTOR)]
    assert len({each["correlationId"] for each in timeline["events"]}) == 1
    await assert_the_books_hold(system)


async def test_a_held_order_can_be_cancelled(system: RunningSystem, shell: Shell, steering: Steering) -> None:
    order_id = await stopped_before(system, steering, "reserve-inventory")
    assert (await shell.orders("hold", order_id, "--reason", "fraud \x1b[31msuspected")).code == 0
    steering.before["reserve-inventory"].release.set()
    for command in (["attention"], ["show", order_id], ["timeline", order_id], ["list"]):
        shown = (await shell.orders(*command)).out
        assert "fraud \\u001b[31msuspected" in shown
        assert "\x1b" not in shown
    assert (await shell.orders("cancel", order_id, "--reason", "fraud proven")).code == 0
    await system.settled(order_id, "cancelled")
    assert await system.money(order_id) == (30_00, 30_00)


async def test_what_cannot_be_done_is_refused_with_where_the_order_stands(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    order_id = await stopped_before(system, steering, "create-shipment")
    early = await shell.orders("refund", order_id, "--amount", "1", "--reason", "late")
    refusal = f"order {order_id} has no refund before it has shipped, cancel it instead: it is paid\n"
    assert (early.code, early.out, early.err) == (1, "", refusal)
    idle = await shell.orders("release", order_id)
    assert (idle.code, idle.out) == (0, f"order {order_id} was not on hold\n")
    steering.before["create-shipment"].release.set()
    await system.settled(order_id, "shipped")
    late = await shell.orders("hold", order_id, "--reason", "too late")
    assert (late.code, late.err) == (1, f"order {order_id} cannot be held: it is shipped\n")
    late = await shell.orders("release", order_id)
    assert (late.code, late.err) == (1, f"order {order_id} cannot be released: it is shipped\n")
    for command in (
        ("hold", "--reason", "x"),
        ("retry", "--reason", "x"),
        ("refund", "--reason", "x", "--amount", "1"),
    ):
        unknown = await shell.orders(command[0], "nobodys", *command[1:])
        assert (unknown.code, unknown.err) == (1, "there is no order nobodys\n")
    nothing = await shell.orders("refund", order_id, "--amount", "0", "--reason", "x")
    assert nothing.code == 2


async def test_an_order_whose_workflow_was_terminated_needs_attention_until_it_is_retried(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    order_id = await stopped_before(system, steering, "create-shipment")
    handle = system.workflow("fulfill-order", order_id)
    await handle.terminate("by mistake")
    steering.before.pop("create-shipment").release.set()

    [row] = await stuck(shell)
    assert (row["kind"], row["orderId"], row["state"], row["step"]) == ("lost", order_id, "paid", "fulfill-order")
    assert row["error"] == f"workflow fulfill-order-{order_id} has ended (terminated)"
    shown = await shell.orders("attention")
    assert shown.code == 1
    assert order_id in shown.out

    retried = await shell.orders("retry", order_id, "--reason", "terminated by mistake")
    assert retried.out == f"order {order_id} is paid, retried by fulfill-order\n{EFFECTS['paid']}\n"
    await system.settled(order_id, "shipped")
    assert await system.money(order_id) == (30_00, 0)
    assert await system.live_labels(order_id) == 1
    calm = await shell.orders("attention")
    assert (calm.code, calm.out) == (0, "nothing needs attention\n")
    await assert_the_books_hold(system)


async def test_a_shipped_order_is_refunded_in_parts_and_never_more_than_was_charged(
    system: RunningSystem, shell: Shell
) -> None:
    order_id = await shipped(system)
    first = ("refund", order_id, "--amount", "1000", "--reason", "it arrived late", "--refund-id", "r1")
    asked = await shell.orders(*first, "--wait")
    assert asked.out == f"refund r1 of order {order_id}: 10.00 EUR was refunded, 20.00 EUR can still be refunded\n"
    again = (await shell.orders(*first, "--wait", "--json")).document
    assert (again["requested"], again["refunded"], again["refundable"]) == (False, True, 2000)
    other = await shell.orders("refund", order_id, "--amount", "5", "--reason", "it arrived late", "--refund-id", "r1")
    assert other.code == 1
    assert other.err.startswith(f"refund r1 of order {order_id} was asked for before, with an amount of 1000")

    def half() -> Any:
        return shell.orders("refund", order_id, "--amount", "1500", "--reason", "broken", "--wait", "--json")

    ended = sorted(await asyncio.gather(half(), half()), key=lambda each: each.code)
    assert [each.code for each in ended] == [0, 1]
    assert ended[1].err == f"of order {order_id} 5.00 EUR can be refunded, not 15.00 EUR\n"
    assert await system.money(order_id) == (30_00, 25_00)

    document = (await shell.orders("show", order_id, "--json")).document
    second = ended[0].document["refundId"]
    assert [(each["refundId"], each["amount"], each["made"]) for each in document["refunds"]] == [
        ("r1", 1000, True),
        (second, 1500, True),
    ]
    assert "15.00 EUR back as" in (await shell.orders("show", order_id)).out
    timeline = (await shell.orders("timeline", order_id, "--json")).document
    views = {each["workflowId"]: each["status"] for each in timeline["workflows"] if each["type"] == "refund-order"}
    assert set(views) == {f"refund-order-{order_id}/r1", f"refund-order-{order_id}/{second}"}
    assert "refund requested" in (await shell.orders("timeline", order_id)).out
    await assert_the_books_hold(system)


async def test_a_refund_that_the_gateway_refused_stays_owed_until_it_is_retried(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    order_id = await shipped(system)
    steering.refuse("return-payment", "the account is closed")
    request = ("refund", order_id, "--amount", "1000", "--reason", "late", "--refund-id", "r1", "--wait")
    refused = await shell.orders(*request)
    assert refused.code == 1
    assert refused.err.startswith("refund r1 was not made: the account is closed. It stays owed")
    [row] = await stuck(shell)
    assert (row["kind"], row["state"], row["step"]) == ("lost", "shipped", "refund-order")
    assert row["workflowId"] == f"refund-order-{order_id}/r1"

    steering.refused.clear()
    retried = await shell.orders("retry", order_id, "--reason", "it is open again", "--json")
    assert retried.document["workflows"] == ["notify-shipment", "refund-order"]

    async def made() -> bool:
        state = await system.state(order_id)
        return isinstance(state, Shipped) and len(state.refunds) == 1

    await until(made, "the refund is made")
    assert await system.money(order_id) == (30_00, 10_00)
    assert await stuck(shell) == []
    await assert_the_books_hold(system)


async def test_a_step_that_keeps_failing_is_listed_with_its_last_error_and_the_next_retry(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    steering.failing.add("create-shipment")
    order_id = await system.place()
    await system.needs_attention(order_id)
    [row] = await stuck(shell)
    assert (row["kind"], row["orderId"], row["state"]) == ("failing", order_id, "paid")
    assert (row["step"], row["error"]) == ("create-shipment", "down for the test")
    assert datetime.fromisoformat(row["since"]) < datetime.now(UTC)
    if row["nextRetry"] is not None:  # None during an attempt
        assert datetime.fromisoformat(row["nextRetry"]) > datetime.fromisoformat(row["since"])
    shown = await shell.orders("attention")
    assert shown.code == 1
    assert "down for the test" in shown.out
    assert "failing: create-shipment: down for the test" in (await shell.orders("show", order_id)).out
    await system.workflow("fulfill-order", order_id).terminate("the test is over")


async def test_parked_events_are_listed_up_to_the_limit(system: RunningSystem, shell: Shell) -> None:
    order_id = await shipped(system)
    events = await system.app.store.read_stream(stream_name(order_id))
    await Parking(system.app.pool, DISPATCHER).park({events[0].position: "set aside by hand"})
    await system.app.pool.execute(
        "insert into eventstore.parked (consumer, position, reason) values ('order-dashboard', $1, 'not taken')",
        events[1].position,
    )
    rows = await stuck(shell)
    assert [(row["kind"], row["state"], row["step"], row["error"], row["position"]) for row in rows] == [
        ("parked", "shipped", "dispatch order.placed", "set aside by hand", events[0].position),
        ("parked", "shipped", "order-dashboard: order.confirmed", "not taken", events[1].position),
    ]
    one = await shell.orders("attention", "--limit", "1", "--json")
    assert (one.code, len(one.document["stuck"]), one.document["more"]) == (1, 1, True)


async def test_without_temporal_what_the_database_knows_is_listed(
    system: RunningSystem, shell: Shell, steering: Steering
) -> None:
    order_id = await stopped_before(system, steering, "create-shipment")
    assert (await shell.orders("attention", TEMPORAL_ADDRESS="localhost:1")).code == 1
    assert (
        await shell.orders("hold", order_id, "--reason", "fraud suspected", TEMPORAL_ADDRESS="localhost:1")
    ).code == 0
    ended = await shell.orders("attention", "--json", TEMPORAL_ADDRESS="localhost:1")
    assert ended.err == "without workflows: Temporal does not answer at localhost:1\n"
    assert ended.code == 1
    assert ended.document["complete"] is False
    assert [(row["kind"], row["orderId"]) for row in ended.document["stuck"]] == [("onHold", order_id)]
    steering.before["create-shipment"].release.set()
    assert (await shell.orders("release", order_id)).code == 0
    await system.settled(order_id, "shipped")


async def test_many_stuck_orders_are_told_in_pages(system: RunningSystem, shell: Shell, steering: Steering) -> None:
    steering.failing.add("charge-payment")
    ids = [await system.place(f"many-{new_id()}") for _ in range(12)]
    for order_id in ids:
        await system.needs_attention(order_id)

    async def all_listed() -> bool:
        return {row["orderId"] for row in await stuck(shell)} == set(ids)

    await until(all_listed, "all are listed")
    for order_id in ids:
        await system.workflow("fulfill-order", order_id).terminate("the test is over")
