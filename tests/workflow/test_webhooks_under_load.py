"""Receivers that hang, request a pause, or answer when the next event arrives: no other receiver waits, and no event is
lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

import worker
from eventstore.model import ANY
from orders.ids import stream_name
from tests.integration.dispatcher_harness import event_of
from tests.running_system import RunningSystem, new_id, running_system, until
from tests.webhook_receiver import Answer, Received, Receiver, receiving
from tests.workflow.webhooks_harness import ALL_OF_AN_ORDER, count_is, deliveries, hurry, received, subscribed
from webhooks import lanes, options
from webhooks.deliveries import State
from webhooks.steps import workflow_id
from webhooks.tidying import wake_forgotten


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def hanging() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        listening.decide = lambda _: Answer(hangs=True)
        yield listening


@pytest.fixture
async def hooked(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningSystem]:
    """System with few slots, as if many endpoints occupied the rest."""
    hurry(monkeypatch)
    monkeypatch.setattr(worker, "WEBHOOKS_AT_ONCE", 20)
    monkeypatch.setattr(lanes, "WIDTH", 4)
    monkeypatch.setattr(lanes, "PATIENCE", 0.05)
    async with running_system(database_url, temporal_client, webhooks_allow_private=True) as running:
        await running.stock(TEA_1=1000)
        yield running


async def test_a_receiver_that_hangs_holds_up_neither_orders_nor_another_receiver(
    hooked: RunningSystem, receiver: Receiver, hanging: Receiver
) -> None:
    """More orders than the worker has slots; no attempt at the hanging receiver has ended when all is delivered."""
    await subscribed(hooked, hanging)
    await subscribed(hooked, receiver)
    orders = [await hooked.place() for _ in range(30)]
    for order_id in orders:
        await received(receiver, order_id, len(ALL_OF_AN_ORDER))
        await hooked.settled(order_id, "shipped")
        assert receiver.types(order_id) == ALL_OF_AN_ORDER
    assert 0 < hanging.most_open <= 4


async def test_retry_after_is_kept_by_all_orders_of_the_endpoint(hooked: RunningSystem, receiver: Receiver) -> None:
    pauses = 2.0
    refused_at: list[float] = []

    def decide(webhook: Received) -> Answer:
        if refused_at:
            return Answer()
        refused_at.append(webhook.at)
        return Answer(429, {"retry-after": f"{pauses:.0f}"})

    receiver.decide = decide
    endpoint, _ = await subscribed(hooked, receiver, "order.placed")
    first = await hooked.place()
    await received(receiver, first, 1)
    second = await hooked.place()
    await received(receiver, first, 2)
    await received(receiver, second, 1)
    assert min(each.at for each in receiver.received[1:]) >= refused_at[0] + pauses
    await count_is(hooked, endpoint, State.DELIVERED, 2)


async def test_an_event_that_comes_as_the_workflow_ends_is_not_lost(hooked: RunningSystem, receiver: Receiver) -> None:
    """Each event is appended when the one before it has arrived, which is when the workflow is about to end."""
    await subscribed(hooked, receiver, "order.*")

    async def one_after_the_other(order_id: str) -> None:
        for turn in range(25):
            event = event_of("order.of_a_later_version", order_id, turn=turn)
            await hooked.app.store.append(stream_name(order_id), [event], expected=ANY)
            await received(receiver, order_id, turn + 1)
        assert [each.event["data"]["turn"] for each in receiver.of(order_id)] == list(range(25))

    await asyncio.gather(*(one_after_the_other(new_id()) for _ in range(8)))


async def test_a_long_backlog_continues_as_new(
    hooked: RunningSystem, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "DELIVERIES_PER_RUN", 2)
    await receiver.stop()
    endpoint, _ = await subscribed(hooked, receiver)
    order_id = await hooked.place()
    await count_is(hooked, endpoint, State.PENDING, len(ALL_OF_AN_ORDER))
    await receiver.start()
    await received(receiver, order_id, len(ALL_OF_AN_ORDER))
    assert receiver.types(order_id) == ALL_OF_AN_ORDER
    runs = [
        run.status async for run in hooked.client.list_workflows(f"WorkflowId = '{workflow_id(endpoint.id, order_id)}'")
    ]
    assert WorkflowExecutionStatus.CONTINUED_AS_NEW in runs


async def test_deliveries_of_a_terminated_workflow_are_taken_up_again(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    await receiver.stop()
    endpoint, _ = await subscribed(hooked, receiver)
    order_id = await hooked.place()
    await hooked.settled(order_id, "shipped")
    await count_is(hooked, endpoint, State.PENDING, len(ALL_OF_AN_ORDER))

    async def tried_and_signalled_of_all() -> bool:
        unsignalled = await hooked.app.pool.fetch("select from webhooks.deliveries where signalled_at is null")
        return (await deliveries(hooked, endpoint))[0].attempts > 0 and not unsignalled

    await until(tried_and_signalled_of_all, "the workflow has tried the first and was signalled of all")
    await hooked.client.get_workflow_handle(workflow_id(endpoint.id, order_id)).terminate("by mistake")
    await receiver.start()
    due = timedelta(days=-1)  # as if the next attempt had been due long ago
    await wake_forgotten(hooked.app.pool, signalled=timedelta(), due=due)
    await received(receiver, order_id, len(ALL_OF_AN_ORDER))
    assert receiver.types(order_id) == ALL_OF_AN_ORDER


async def test_temporals_history_holds_neither_names_nor_addresses_nor_secrets(
    hooked: RunningSystem, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deliveries that succeed, are refused with the body sent back, and are parked."""
    monkeypatch.setattr(options, "KEEP_TRYING", timedelta(seconds=1))
    monkeypatch.setattr(options, "AT_LEAST", timedelta(seconds=1))
    receiver.decide = lambda w: Answer(400, body=w.body) if w.type == "order.placed" else Answer()
    endpoint, secret = await hooked.app.endpoints.add(f"{receiver.url}?token=hunter2-of-the-receiver", ["*"])
    order_id = await hooked.place()
    await count_is(hooked, endpoint, State.DELIVERED, len(ALL_OF_AN_ORDER) - 1)
    [parked] = await deliveries(hooked, endpoint, State.PARKED)
    assert "Obere Str. 57" in (parked.last_response or "")
    handle = hooked.client.get_workflow_handle(workflow_id(endpoint.id, order_id))

    async def ended() -> bool:
        return (await handle.describe()).status == WorkflowExecutionStatus.COMPLETED

    await until(ended, "the workflow has ended")
    written = b"".join([event.SerializeToString() async for event in handle.fetch_history_events()])
    for private in ("Maria", "Obere Str. 57", "Berlin", "12209", "hunter2", str(receiver.port), "127.0.0.1", secret):
        assert private.encode() not in written, private
    assert b"answered 400" in written
