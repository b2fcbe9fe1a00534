"""Webhooks end to end: a real system, real HTTP on loopback, signatures verified by the reference implementation."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError
from temporalio.client import Client

from tests.running_system import RunningSystem, new_id, running_system, until
from tests.webhook_receiver import Answer, Received, Receiver, receiving
from tests.workflow.webhooks_harness import ALL_OF_AN_ORDER, count_is, deliveries, hurry, received, subscribed
from webhooks.deliveries import State
from webhooks.signing import new_secret


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def hooked(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningSystem]:
    hurry(monkeypatch)
    async with running_system(database_url, temporal_client, webhooks_allow_private=True) as running:
        await running.stock(TEA_1=1000)
        yield running


async def test_all_that_happens_to_an_order_arrives_signed_and_in_order(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    endpoint, secret = await subscribed(hooked, receiver)
    order_id = await hooked.place()
    await received(receiver, order_id, len(ALL_OF_AN_ORDER))
    assert receiver.types(order_id) == ALL_OF_AN_ORDER
    for webhook in receiver.of(order_id):
        webhook.verify(secret)
        with pytest.raises(WebhookVerificationError):
            webhook.verify(new_secret())
        assert webhook.headers["content-type"] == "application/cloudevents+json"
        assert webhook.id == webhook.event["id"]
        assert (webhook.event["specversion"], webhook.event["source"]) == ("1.0", "/orders")
    placed = receiver.of(order_id)[0].event
    assert placed["data"]["shippingAddress"]["line1"] == "Obere Str. 57"
    assert [each.event.get("sequence") for each in receiver.of(order_id)[:4]] == [f"{n:010}" for n in (1, 2, 3, 4)]
    await count_is(hooked, endpoint, State.DELIVERED, len(ALL_OF_AN_ORDER))


async def test_an_endpoint_is_told_of_its_topics_alone_and_of_what_comes_after_it(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    before = await hooked.place()
    await hooked.settled(before, "shipped")
    await subscribed(hooked, receiver, "order.shipped", "analytics.revenue")
    order_id = await hooked.place()
    await received(receiver, order_id, 2)
    assert receiver.types(order_id) == ["order.shipped", "analytics.revenue"]
    assert receiver.of(before) == []


async def test_orders_stay_in_order_under_failures_and_every_attempt_is_the_same_message(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    """Two of three attempts fail, in three ways. Events arrive in order, and once."""
    accepted: list[Received] = []
    seen: Counter[str] = Counter()

    def decide(webhook: Received) -> Answer:
        seen[webhook.id] += 1
        match seen[webhook.id] % 3:
            case 1:
                return Answer(500, body=b"not now")
            case 2:
                return Answer(400)
        accepted.append(webhook)
        return Answer(200)

    receiver.decide = decide
    await subscribed(hooked, receiver)
    orders = [await hooked.place() for _ in range(10)]
    for order_id in orders:
        await received(receiver, order_id, 3 * len(ALL_OF_AN_ORDER))
        assert [each.type for each in accepted if each.subject == order_id] == ALL_OF_AN_ORDER
    for webhook in accepted:
        copies = [each for each in receiver.received if each.id == webhook.id]
        assert len(copies) == 3
        assert {each.body for each in copies} == {webhook.body}


async def test_a_receiver_that_was_down_gets_everything_when_it_is_back(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    endpoint, _ = await subscribed(hooked, receiver)
    await receiver.stop()
    order_id = await hooked.place()
    await hooked.settled(order_id, "shipped")

    async def noted() -> bool:
        first = (await deliveries(hooked, endpoint))[:1]
        return bool(first) and first[0].attempts >= 2

    await until(noted, "attempts without a receiver")
    [first, *behind] = await deliveries(hooked, endpoint, State.PENDING)
    assert (first.last_status, (first.last_error or "").partition(":")[0]) == (None, "no connection")
    assert first.next_attempt_at is not None
    assert [each.attempts for each in behind] == [0] * len(behind)

    await receiver.start()
    await received(receiver, order_id, len(ALL_OF_AN_ORDER))
    assert receiver.types(order_id) == ALL_OF_AN_ORDER


async def test_what_is_refused_for_too_long_is_parked_with_its_error_and_those_behind_it_go_on(
    hooked: RunningSystem, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, keep_trying=timedelta(seconds=5))  # a busy machine needs one for the first attempt
    receiver.decide = lambda w: Answer(422, body=b"no such \x00 customer") if w.type == "order.confirmed" else Answer()
    endpoint, _ = await subscribed(hooked, receiver)
    order_id = await hooked.place()
    await count_is(hooked, endpoint, State.DELIVERED, len(ALL_OF_AN_ORDER) - 1)
    [parked] = await deliveries(hooked, endpoint, State.PARKED)
    assert (parked.event_type, parked.order_id, parked.last_status) == ("order.confirmed", order_id, 422)
    assert (parked.last_error, parked.last_response) == ("answered 422", "no such � customer")
    assert parked.attempts > 1
    assert parked.ended_at is not None

    receiver.decide = lambda _: Answer()
    await hooked.app.deliveries.retry(parked.id)
    await count_is(hooked, endpoint, State.DELIVERED, len(ALL_OF_AN_ORDER))
    assert receiver.types(order_id)[-1] == "order.confirmed"
    assert {each.id for each in receiver.of(order_id) if each.type == "order.confirmed"} == {str(parked.event_id)}


async def test_an_endpoint_that_says_gone_is_disabled_and_its_other_orders_wait(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    receiver.decide = lambda _: Answer(410)
    endpoint, _ = await subscribed(hooked, receiver, "order.placed")
    first = await hooked.place()
    await count_is(hooked, endpoint, State.PARKED, 1)

    async def disabled() -> bool:
        return not (await hooked.app.endpoints.get(endpoint.id)).enabled

    await until(disabled, "the endpoint is disabled")
    assert (await hooked.app.endpoints.get(endpoint.id)).disabled_reason == "answered 410: gone"
    await hooked.settled(await hooked.place(), "shipped")
    assert [each.subject for each in receiver.received] == [first]
    assert len(await deliveries(hooked, endpoint)) == 1, "what happens while it is disabled is passed over"


async def test_a_disabled_endpoint_gets_what_waited_when_it_is_enabled_and_hears_where_to_replay_from(
    hooked: RunningSystem, receiver: Receiver
) -> None:
    await receiver.stop()
    endpoint, _ = await subscribed(hooked, receiver, "order.placed")
    waits = await hooked.place()
    await count_is(hooked, endpoint, State.PENDING, 1)
    await hooked.app.endpoints.disable(endpoint.id, "by the test")
    missed = await hooked.place()
    await hooked.settled(missed, "shipped")
    await receiver.start()

    async def passed_by() -> bool:
        position = await hooked.app.pool.fetchval(
            "select position from eventstore.subscriptions where name = 'webhooks'"
        )
        return bool(position == await hooked.app.store.head())

    await until(passed_by, "the relay has passed everything by")
    start = await hooked.app.endpoints.enable(endpoint.id)
    await received(receiver, waits, 1)
    assert start is not None
    assert receiver.of(missed) == []
    await hooked.app.endpoints.replay(endpoint.id, start)
    await received(receiver, missed, 1)
    assert len(receiver.of(waits)) == 1


async def test_a_removed_endpoint_takes_its_deliveries_with_it(hooked: RunningSystem, receiver: Receiver) -> None:
    receiver.decide = lambda _: Answer(500)
    endpoint, _ = await subscribed(hooked, receiver)
    order_id = await hooked.place()
    await received(receiver, order_id, 2)
    await hooked.app.endpoints.remove(endpoint.id)
    handle = hooked.client.get_workflow_handle(f"deliver-webhooks-{endpoint.id}-{order_id}")
    await handle.result()
    assert await deliveries(hooked, endpoint) == []
    await hooked.settled(order_id, "shipped")


async def test_a_replay_sends_the_same_messages_again(hooked: RunningSystem, receiver: Receiver) -> None:
    endpoint, _ = await subscribed(hooked, receiver, "order.*")
    orders = [await hooked.place() for _ in range(3)]
    for order_id in orders:
        await received(receiver, order_id, 4)
    await count_is(hooked, endpoint, State.DELIVERED, 12)
    first_time = [(each.id, each.body) for each in receiver.received]
    receiver.received.clear()
    await hooked.app.endpoints.replay(endpoint.id, 1)
    for order_id in orders:
        await received(receiver, order_id, 4)
        assert receiver.types(order_id) == ALL_OF_AN_ORDER[:4]
    await count_is(hooked, endpoint, State.DELIVERED, 12)
    assert sorted((each.id, each.body) for each in receiver.received) == sorted(first_time)
    assert (await hooked.app.endpoints.get(endpoint.id)).replay_after is None


async def test_both_secrets_sign_while_a_rotation_overlaps(hooked: RunningSystem, receiver: Receiver) -> None:
    endpoint, old = await subscribed(hooked, receiver, "order.placed")
    new = await hooked.app.endpoints.rotate(endpoint.id, timedelta(hours=1))
    [webhook] = await _with_one_message(hooked, receiver)
    webhook.verify(old)
    webhook.verify(new)
    assert len(webhook.headers["webhook-signature"].split(" ")) == 2
    newest = await hooked.app.endpoints.rotate(endpoint.id, timedelta())
    [webhook] = await _with_one_message(hooked, receiver)
    webhook.verify(newest)
    for expired in (old, new):
        with pytest.raises(WebhookVerificationError):
            webhook.verify(expired)


async def _with_one_message(system: RunningSystem, receiver: Receiver) -> list[Received]:
    order_id = await system.place(new_id())
    await received(receiver, order_id, 1)
    return receiver.of(order_id)
