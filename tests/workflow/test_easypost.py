"""Orders with EasyPost labels: shipped, refused with the carrier's message, or undone without delaying the refund."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from orders.state import Cancelled, Shipped
from tests.gateways.easypost_books import UNDELIVERABLE
from tests.gateways.easypost_clock import pass_time
from tests.gateways.easypost_server import (
    API_KEY,
    BUY,
    REFUND,
    RETRIEVE,
    SENDER,
    EasyPostServer,
    FaultKind,
    run_easypost_server,
)
from tests.running_system import RunningSystem, order_data, running_system, until
from tests.workflow.steering import Steering
from workflows.model import NEEDS_ATTENTION

HOUR = 60 * 60


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
async def system(
    database_url: str, temporal_client: Client, steering: Steering, server: EasyPostServer
) -> AsyncIterator[RunningSystem]:
    """System in virtual time: a carrier's days take no real time."""
    async with running_system(
        database_url,
        TimeSkipper(temporal_client).client,
        interceptors=[steering],
        easypost_api_key=API_KEY,
        easypost_api_base=server.base,
        easypost_from=json.dumps(SENDER),
    ) as running:
        await running.stock(TEA_1=1000)
        yield running


def key(order_id: str) -> str:
    return f"{order_id}:create-shipment"


async def purchase_is_unanswered(server: EasyPostServer) -> None:
    async def asked() -> bool:
        return server.calls["buy"] == 1

    await until(asked, "EasyPost was asked for the label")


async def attention(system: RunningSystem, order_id: str) -> bool:
    description = await system.workflow("fulfill-order", order_id).describe()
    return description.typed_search_attributes.get(NEEDS_ATTENTION) is True


async def refunded(system: RunningSystem, order_id: str) -> None:
    async def done() -> bool:
        return "order.refunded" in await system.events(order_id)

    await until(done, f"{order_id} is refunded")
    assert await system.money(order_id) == (30_00, 30_00)


async def test_an_order_ships_with_the_label_that_was_bought(system: RunningSystem, server: EasyPostServer) -> None:
    order_id = await system.place()
    state = await system.settled(order_id, "shipped")
    assert isinstance(state, Shipped)
    [bought] = server.bought(key(order_id))
    shipment = state.shipment
    assert (shipment.shipment_id, shipment.tracking_number) == (bought["id"], bought["tracking_code"])
    assert shipment.carrier == "USPS"
    assert server.calls == {"create": 1, "buy": 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"quantity": 51, "unit_price": 1}, "USPS: Package weight exceeds the limit"),
        (
            {"shippingAddress": order_data("any")["shippingAddress"] | {"line1": UNDELIVERABLE}},
            "Address not found: …, …; street1: House number is missing",
        ),
    ],
)
async def test_what_the_carrier_refuses_is_cancelled_in_its_words(
    system: RunningSystem, server: EasyPostServer, changes: dict[str, Any], words: str
) -> None:
    order_id = await system.place(**changes)
    state = await system.settled(order_id, "cancelled")
    assert isinstance(state, Cancelled)
    assert (state.reason, state.payment_state) == (f"Shipping unavailable: {words}", "refunded")
    assert server.calls["refund"] == 0
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    written = b"".join(event.SerializeToString() for event in history.events)
    assert [part for part in (UNDELIVERABLE, "Maria Anders", "Berlin", "12209") if part.encode() in written] == []
    assert await system.available("TEA-1") == 1000


async def test_money_goes_back_while_the_label_is_still_to_be_taken_back(
    system: RunningSystem, steering: Steering, server: EasyPostServer
) -> None:
    steering.refuse("record-shipment")
    order_id = await system.place()
    await refunded(system, order_id)

    async def asked_for_days() -> bool:
        return steering.calls["void-shipment"] >= 13

    await until(asked_for_days, "the carrier has been asked for days of virtual time")
    assert await system.running(order_id) == ["fulfill-order"]
    assert not await attention(system, order_id)
    assert server.calls["refund"] == 1
    server.decide("refunded")
    await system.settled(order_id, "cancelled")
    assert [each["refund_status"] for each in server.bought(key(order_id))] == ["refunded"]


async def test_a_label_that_the_carrier_does_not_take_back_needs_attention(
    system: RunningSystem, steering: Steering, server: EasyPostServer
) -> None:
    server.refund_status = "rejected"
    steering.refuse("record-shipment")
    order_id = await system.place()
    await refunded(system, order_id)
    await system.needs_attention(order_id)
    found = await system.workflow("fulfill-order", order_id).query("attention")
    assert (found["step"], found["error"]) == (
        "void-shipment",
        "the carrier does not take the label back: rejected",
    )
    server.refund_status = "refunded"
    await system.settled(order_id, "cancelled")
    assert not await attention(system, order_id)


async def test_a_carrier_that_is_down_while_undoing_does_not_hold_up_the_refund(
    system: RunningSystem, steering: Steering, server: EasyPostServer
) -> None:
    steering.refuse("record-shipment")
    server.fail(REFUND, "lost_request", remaining=None)
    server.fail(RETRIEVE, "status", status=503, remaining=None)
    order_id = await system.place()
    await refunded(system, order_id)
    await system.needs_attention(order_id)
    server.faults.clear()
    server.refund_status = "refunded"
    await system.settled(order_id, "cancelled")
    assert [each["refund_status"] for each in server.bought(key(order_id))] == ["refunded"]


@pytest.mark.parametrize("kind", ["lost_reply", "lost_request"])
async def test_a_purchase_with_an_unknown_outcome_ends_with_one_label(
    system: RunningSystem, server: EasyPostServer, kind: FaultKind
) -> None:
    server.fail(BUY, kind)
    order_id = await system.place()
    await purchase_is_unanswered(server)
    await pass_time(system.app.pool, HOUR)
    await system.settled(order_id, "shipped")
    assert len(server.bought(key(order_id))) == 1


@pytest.mark.parametrize("appears", [True, False])
async def test_a_label_that_may_still_appear_holds_up_no_refund_and_is_looked_for_until_it_cannot(
    system: RunningSystem, steering: Steering, server: EasyPostServer, appears: bool
) -> None:
    server.fail(BUY, "late_effect")
    order_id = await system.place()
    await purchase_is_unanswered(server)
    await system.cancel(order_id)
    await refunded(system, order_id)

    async def looked_for() -> bool:
        return steering.calls["void-shipment"] >= 5

    await until(looked_for, "the label has been looked for several times")
    assert await system.running(order_id) == ["fulfill-order"]
    assert "void-shipment" in await system.current_details(order_id)
    assert not await attention(system, order_id)
    if appears:
        server.deliver()
        server.refund_status = "refunded"
    else:
        await pass_time(system.app.pool, 30 * HOUR)
    await system.settled(order_id, "cancelled")
    assert server.live(key(order_id)) == []
    assert [each["refund_status"] for each in server.bought(key(order_id))] == ["refunded"] * appears


async def test_a_key_that_easypost_refuses_needs_attention_and_cancels_nothing(
    system: RunningSystem, server: EasyPostServer
) -> None:
    server.fail("", "status", status=401, error={"code": "APIKEY.INACTIVE"}, remaining=None)
    order_id = await system.place()
    await system.needs_attention(order_id)
    assert (await system.state(order_id)).status == "paid"
    server.faults.clear()
    await system.settled(order_id, "shipped")
