"""A carrier that delays or refuses the refund of a label, or does not answer: the refund of money does not wait."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from activities.signatures import Undone
from tests.running_system import RunningSystem, running_system, until
from tests.workflow.steering import Steering
from workflows.model import NEEDS_ATTENTION


class Carrier:
    """Answer about a label to be voided: pending until `taken_back`."""

    def __init__(self) -> None:
        self.taken_back, self.refused = False, ""
        self.asked = 0

    def answer(self, undone: Undone) -> Undone:
        self.asked += 1
        refused = self.refused or None
        return undone if self.taken_back else undone.model_copy(update={"pending": True, "refused": refused})


@pytest.fixture
def carrier(steering: Steering) -> Carrier:
    carrier = Carrier()
    steering.changed["void-shipment"] = carrier.answer
    steering.refuse("record-shipment")
    return carrier


@pytest.fixture
async def skipping(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    client = TimeSkipper(temporal_client).client
    async with running_system(database_url, client, interceptors=[steering]) as running:
        await running.stock(TEA_1=10)
        yield running


async def refunded(system: RunningSystem, order_id: str) -> None:
    """Wait until the refund is made and recorded; the fulfillment still runs."""

    async def done() -> bool:
        return "order.refunded" in await system.events(order_id)

    await until(done, f"{order_id} is refunded")
    assert await system.money(order_id) == (30_00, 30_00)
    assert await system.available("TEA-1") == 10
    assert await system.running(order_id) == ["fulfill-order"]


async def attention(system: RunningSystem, order_id: str) -> bool:
    description = await system.workflow("fulfill-order", order_id).describe()
    return description.typed_search_attributes.get(NEEDS_ATTENTION) is True


async def asked(carrier: Carrier, times: int) -> None:
    async def enough() -> bool:
        return carrier.asked >= times

    await until(enough, f"the carrier has been asked {times} times")


async def test_money_goes_back_while_the_carrier_has_not_decided(skipping: RunningSystem, carrier: Carrier) -> None:
    order_id = await skipping.place()
    await refunded(skipping, order_id)
    await asked(carrier, 15)  # days of virtual time
    assert "yet to take the label back" in await skipping.current_details(order_id)
    assert not await attention(skipping, order_id)
    carrier.taken_back = True
    await skipping.settled(order_id, "cancelled")
    steps = [step for step in await skipping.steps(order_id) if step != "void-shipment"]
    assert steps[-4:] == ["cancel", "release-inventory", "refund-payment", "record-refund"]


async def test_what_the_carrier_refuses_needs_attention_and_is_asked_again(
    skipping: RunningSystem, carrier: Carrier
) -> None:
    carrier.refused = "it has been scanned"
    order_id = await skipping.place()
    await refunded(skipping, order_id)
    await asked(carrier, 3)
    found = await skipping.workflow("fulfill-order", order_id).query("attention")
    assert (found["step"], found["error"]) == ("void-shipment", "it has been scanned")
    assert await attention(skipping, order_id)
    carrier.refused = ""
    await asked(carrier, carrier.asked + 2)
    assert not await attention(skipping, order_id)
    carrier.taken_back = True
    await skipping.settled(order_id, "cancelled")
    assert await skipping.live_labels(order_id) == 0


async def test_a_carrier_that_is_down_does_not_hold_up_the_refund(system: RunningSystem, steering: Steering) -> None:
    steering.refuse("record-shipment")
    steering.failing.add("void-shipment")
    order_id = await system.place()
    await refunded(system, order_id)
    assert await attention(system, order_id)
    steering.failing.clear()
    await system.settled(order_id, "cancelled")
    assert await system.live_labels(order_id) == 0
    assert not await attention(system, order_id)


async def test_a_step_that_kept_failing_needs_no_attention_once_the_order_is_cancelled(
    skipping: RunningSystem, steering: Steering, carrier: Carrier
) -> None:
    steering.failing.add("create-shipment")
    order_id = await skipping.place()
    await skipping.needs_attention(order_id)
    await skipping.cancel(order_id)
    steering.failing.clear()  # the next attempt finds the order cancelled
    await refunded(skipping, order_id)
    await asked(carrier, 3)
    assert not await attention(skipping, order_id)
    carrier.taken_back = True
    await skipping.settled(order_id, "cancelled")


async def test_a_run_after_a_terminated_one_goes_on_asking(
    skipping: RunningSystem, steering: Steering, carrier: Carrier
) -> None:
    order_id = await skipping.place()
    await refunded(skipping, order_id)
    await skipping.workflow("fulfill-order", order_id).terminate("by mistake")
    before = carrier.asked
    await skipping.start("fulfill-order", order_id)
    await asked(carrier, before + 1)
    carrier.taken_back = True
    await skipping.settled(order_id, "cancelled")
    assert (await skipping.events(order_id)).count("order.refunded") == 1


async def test_a_cancel_in_temporal_is_heard_once_everything_is_undone(
    skipping: RunningSystem, carrier: Carrier
) -> None:
    order_id = await skipping.place()
    await refunded(skipping, order_id)
    handle = skipping.workflow("fulfill-order", order_id)
    await handle.cancel()
    await asked(carrier, carrier.asked + 2)
    assert await skipping.running(order_id) == ["fulfill-order"]
    carrier.taken_back = True
    await skipping.settled(order_id, "cancelled")
