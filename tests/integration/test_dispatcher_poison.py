"""Events that cannot be dispatched: parked with their reason, their neighbours are dispatched, and a retry dispatches
them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.signatures import OrderRef
from dispatcher.dispatcher import Dispatcher
from dispatcher.starter import WorkflowStarter
from dispatcher.triggers import TRIGGERS, Trigger
from embedded.temporal import TemporalServer
from eventstore.codec import Codec
from eventstore.model import RecordedEvent
from eventstore.parking import NotParked
from orders.events import EVENTS, Event, OrderPlaced
from tests.integration.dispatcher_harness import Dispatching, dispatching, event_of, impatient_client, proxy_to
from tests.running_system import new_id, order_data

MEGABYTES = 3 * 1024 * 1024


@pytest.fixture
async def dispatching_by_hand(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as given:
        yield given


class NewerOrderPlaced(OrderPlaced):
    """The event as the next release of this program knows it."""

    schema_version: ClassVar[int] = 2


class TooLarge(Trigger):
    """Starts a workflow with a payload over Temporal's limit."""

    def input(self, event: Event, recorded: RecordedEvent) -> OrderRef:
        return OrderRef(order_id=event.order_id, correlation_id="x" * MEGABYTES)


def the_next_release(given: Dispatching, client: Client) -> Dispatcher:
    newer: list[type[Any]] = [NewerOrderPlaced if model is OrderPlaced else model for model in EVENTS]
    lifted = Codec[Event](newer, {("order.placed", 1): lambda data: data})
    return Dispatcher(given.app.store, lifted, starter(given, client), bulk_places=1)


def starter(given: Dispatching, client: Client) -> WorkflowStarter:
    return WorkflowStarter(client, given.app.settings)


async def placed_by_the_next_release(given: Dispatching) -> tuple[str, int]:
    """An order that only the next release can read; its id and position."""
    order_id = new_id()
    data = order_data(order_id, placedAt="2026-01-02T03:04:05Z")
    event = event_of("order.placed", order_id, schema_version=2, **{k: v for k, v in data.items() if k != "orderId"})
    return order_id, await given.append(f"order-{order_id}", event)


async def test_an_event_that_does_not_decode_is_parked_with_its_reason_and_its_neighbours_go_on(
    dispatching_by_hand: Dispatching,
) -> None:
    given = dispatching_by_hand
    before, poisoned = await given.system.place(), new_id()
    event = event_of("order.placed", poisoned, customerId="ALFKI", shippingAddress={"name": "Maria Anders"})
    position = await given.append(f"order-{poisoned}", event)
    after = await given.system.place()
    await given.dispatcher.step()
    assert [set(await given.described(each)) for each in (before, poisoned, after)] == [
        {"validate-order"},
        set(),
        {"validate-order"},
    ]
    [parked] = await given.parked()
    assert (parked.position, parked.event_type, parked.stream, parked.attempts) == (
        position,
        "order.placed",
        f"order-{poisoned}",
        1,
    )
    assert f"event 'order.placed' at position {position} does not decode: " in parked.reason
    assert "items: Field required" in parked.reason
    assert "Maria Anders" not in parked.reason
    assert await given.system.dispatched()


async def test_an_event_of_a_newer_schema_is_parked_and_taken_up_by_the_release_that_knows_it(
    dispatching_by_hand: Dispatching, temporal_client: Client
) -> None:
    given = dispatching_by_hand
    order_id, position = await placed_by_the_next_release(given)
    neighbour = await given.system.place()
    await given.dispatcher.step()
    [parked] = await given.parked()
    assert parked.reason == "event 'order.placed' has schema version 2, this program knows 1 to 1"
    assert set(await given.described(neighbour)) == {"validate-order"}
    assert await the_next_release(given, temporal_client).retry(position)
    assert set(await given.described(order_id)) == {"validate-order"}
    assert await given.parked() == []


async def test_a_retry_while_the_cause_is_still_there_counts_the_attempt_and_keeps_the_latest_reason(
    dispatching_by_hand: Dispatching, temporal_client: Client
) -> None:
    given = dispatching_by_hand
    _, position = await placed_by_the_next_release(given)
    await given.dispatcher.step()
    [first] = await given.parked()
    refusing = Dispatcher(given.app.store, Codec[Event]([]), starter(given, temporal_client), bulk_places=1)
    assert not await refusing.retry(position)
    [second] = await given.parked()
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.reason == "unknown event type 'order.placed'"
    assert second.parked_at == first.parked_at
    assert second.last_attempt_at > first.last_attempt_at


async def test_a_start_over_temporals_size_limit_is_parked_and_its_neighbours_go_on(
    dispatching_by_hand: Dispatching, temporal_client: Client
) -> None:
    given = dispatching_by_hand
    too_large = await given.system.place()
    await given.confirm(too_large)
    placed, confirmed = TRIGGERS[0], TRIGGERS[1]
    refused = TooLarge(confirmed.event_type, confirmed.workflow, confirmed.status)
    triggers = (placed, refused)
    dispatcher = Dispatcher(given.app.store, given.app.codec, starter(given, temporal_client), triggers, bulk_places=1)
    await dispatcher.step()
    [parked] = await given.parked()
    assert (parked.event_type, parked.stream) == ("order.confirmed", f"order-{too_large}")
    assert "limit" in parked.reason
    assert set(await given.described(too_large)) == {"validate-order"}
    assert await given.system.dispatched()
    assert await given.dispatcher.retry(parked.position)
    assert set(await given.described(too_large)) == {"validate-order", "fulfill-order"}
    assert await given.parked() == []


async def test_an_event_whose_correlation_is_no_text_is_parked(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    order_id = new_id()
    data = order_data(order_id, placedAt="2026-01-02T03:04:05Z")
    event = event_of("order.placed", order_id, **{k: v for k, v in data.items() if k != "orderId"})
    await given.append(f"order-{order_id}", replace(event, metadata={"correlationId": 7}))
    await given.dispatcher.step()
    [parked] = await given.parked()
    assert "correlation_id" in parked.reason
    assert await given.system.dispatched()


async def test_a_page_of_nothing_but_poison_is_passed(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    for _ in range(40):
        poisoned = new_id()
        await given.append(f"order-{poisoned}", event_of("order.placed", poisoned))
    order_id = await given.system.place()
    await given.dispatcher.step()
    assert len(await given.parked()) == 40
    assert set(await given.described(order_id)) == {"validate-order"}


async def test_a_position_that_is_not_parked_cannot_be_retried(dispatching_by_hand: Dispatching) -> None:
    given = dispatching_by_hand
    await given.system.place()
    await given.dispatcher.step()
    for position in (1, 999_999):
        with pytest.raises(NotParked, match=f"no event is parked at position {position}"):
            await given.dispatcher.retry(position)


async def test_a_retry_while_temporal_is_away_leaves_the_event_parked_as_it_was(
    dispatching_by_hand: Dispatching, temporal_server: TemporalServer
) -> None:
    given = dispatching_by_hand
    _, position = await placed_by_the_next_release(given)
    await given.dispatcher.step()
    before = await given.parked()
    async with proxy_to(temporal_server) as proxy:
        away = await impatient_client(proxy.address, temporal_server.namespace)
        proxy.cut()
        with pytest.raises(RPCError):
            await the_next_release(given, away).retry(position)
    assert await given.parked() == before
