"""Delivered messages match docs/asyncapi.json, for every kind of message."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jsonschema import FormatChecker
from jsonschema.validators import Draft202012Validator
from temporalio.client import Client

from orders.commands import CloseRefund, RecordAdjustment, RecordPendingPayment
from orders.interventions import HoldOrder, NoteOrder, ReleaseOrder, RequestRefund, RetryOrder, TagOrder, UntagOrder
from orders.payment_attempts import GivePaymentMethod
from orders.payment_events import RefundOutcome
from tests.replay.payment_paths import waits
from tests.running_system import RunningSystem, running_system, until
from tests.webhook_receiver import Received, Receiver, receiving
from tests.workflow.steering import Steering
from tests.workflow.webhooks_harness import hurry, subscribed
from webhooks.topics import BY_NAME, MESSAGES, ORDER_EVENTS

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "asyncapi.json").read_text())
MESSAGES_BY_TYPE = {message["name"]: message for message in DOCUMENT["components"]["messages"].values()}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def hooked(
    database_url: str, temporal_client: Client, steering: Steering, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RunningSystem]:
    hurry(monkeypatch)
    async with running_system(
        database_url,
        temporal_client,
        interceptors=[steering],
        webhooks_allow_private=True,
        payment_decline_above=100_00,
        payment_deadline=timedelta(days=1),
    ) as running:
        await running.stock(TEA_1=10)
        yield running


def faults(schema: dict[str, object], instance: object) -> list[str]:
    whole = {"components": DOCUMENT["components"], **schema}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]


def assert_as_documented(webhook: Received) -> None:
    message = MESSAGES_BY_TYPE[webhook.type]
    assert webhook.headers["content-type"] == message["contentType"]
    assert faults(message["payload"], webhook.event) == []
    assert faults(message["headers"], webhook.headers) == []
    assert faults(message["payload"], {**webhook.event, "data": {}}), "the schema does find faults"


async def test_every_kind_of_message_is_as_documented(
    hooked: RunningSystem, receiver: Receiver, steering: Steering
) -> None:
    await subscribed(hooked, receiver, "*", *sorted(BY_NAME))
    held = steering.hold_before("reserve-inventory")
    order_id = await hooked.place()
    await held.reached.wait()
    for command in (HoldOrder(order_id, "why"), RetryOrder(order_id, "why"), ReleaseOrder(order_id)):
        await hooked.handle(order_id, command)
    held.release.set()
    shipped = await hooked.settled(order_id, "shipped")
    for annotation in (
        NoteOrder(order_id, "Gift wrap"),
        TagOrder(order_id, ("gift",)),
        UntagOrder(order_id, ("gift",)),
    ):
        await hooked.handle(order_id, annotation)
    await hooked.handle(order_id, RequestRefund(order_id, "r-1", 10_00, "late"))

    async def refunded() -> bool:
        return "order.refunded" in {each.type for each in receiver.received}

    await until(refunded, "the first refund is made")
    steering.failing.add("return-payment")
    await hooked.handle(order_id, RequestRefund(order_id, "r-2", 5_00, "late"))
    await hooked.handle(order_id, CloseRefund(order_id, "r-2", RefundOutcome.WITHDRAWN, "requested twice"))
    assert shipped.payment is not None
    adjustment = RecordAdjustment(order_id, "disputed", "dp_1", shipped.payment.payment_id, 10_00)
    await hooked.handle(order_id, adjustment)
    await hooked.settled(await hooked.place(quantity=100), "cancelled")
    declined = await hooked.place(unit_price=90_00)
    await waits(hooked, declined, 1)
    until_then = datetime.now(UTC) + timedelta(days=1)
    await hooked.handle(declined, GivePaymentMethod(declined, "pm_2"))
    processed = await hooked.place(unit_price=90_00)
    await waits(hooked, processed, 1)
    await hooked.handle(processed, RecordPendingPayment(processed, "pay_1", 180_00, until_then))
    missing = {*ORDER_EVENTS, *MESSAGES}

    async def all_kinds() -> bool:
        missing.difference_update(each.type for each in receiver.received)
        return not missing

    try:
        await until(all_kinds, "a webhook of every kind")
    except AssertionError as error:
        raise AssertionError(f"{error}, without {sorted(missing)}") from None
    for webhook in receiver.received:
        assert_as_documented(webhook)
