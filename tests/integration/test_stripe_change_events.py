"""Webhooks about changes at Stripe: the order is compared with the payment's present state; the content of the event does
not matter."""

import asyncio
import random
import uuid
from typing import Any

import pytest
from temporalio.client import Client

from bootstrap import App
from gateways.stripe.events import CHANGE_EVENTS, DISPUTE_EVENTS, REFUND_EVENTS
from orders.commands import ConfirmOrder, PlaceOrder, RecordPayment
from orders.ids import stream_name
from orders.model import parse_order
from orders.state import ExistingOrder
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import Api, problem
from tests.integration.stripe_events_harness import an_event, charged, deliver, of_refund, stripe_api
from tests.running_system import PLACED_AT, new_id, order_data

ADJUSTED = "order.payment_adjusted"


async def paid(app: App) -> tuple[str, str]:
    """A paid order of 30.00 EUR: its id, and its intent's."""
    order_id = new_id()
    charge = await charged(app, order_id)
    for command in (
        PlaceOrder(parse_order(order_data(order_id), now=PLACED_AT)),
        ConfirmOrder(order_id),
        RecordPayment(order_id, charge.payment_id, 3000, "EUR"),
    ):
        await app.orders.handle(stream_name(order_id), command, command_id=uuid.uuid4().hex)
    return order_id, charge.payment_id


async def state_of(app: App, order_id: str) -> ExistingOrder:
    state = (await app.orders.load(stream_name(order_id))).state
    assert isinstance(state, ExistingOrder)
    return state


async def types_of(app: App, order_id: str) -> list[str]:
    return [event.type async for event in app.store.stream(stream_name(order_id))]


def of_charge(kind: str, intent_id: str, **about: object) -> dict[str, Any]:
    """An event about a charge, or a dispute of it."""
    return an_event(kind, {"id": f"of_{intent_id}", "object": "charge", "payment_intent": intent_id, **about})


def of_change(kind: str, intent_id: str) -> dict[str, Any]:
    if kind in REFUND_EVENTS:
        return of_refund(kind, intent_id, "re_of_the_event", "failed", amount=1)
    if kind.startswith("payment_intent."):
        return an_event(kind, {"id": intent_id, "object": "payment_intent", "amount": 3000, "amount_received": 2999})
    return of_charge(kind, intent_id)


@pytest.mark.parametrize("kind", [*REFUND_EVENTS, *CHANGE_EVENTS, "payment_intent.succeeded"])
async def test_every_event_of_a_change_leads_to_stripes_present_state(
    kind: str, database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        order_id, intent = await paid(served.app)
        await stripe_server.dashboard.refund(intent, 700)
        event = of_change(kind, intent)
        for _ in range(2):
            assert (await deliver(served, event)).status_code == 204
        assert (await types_of(served.app, order_id))[-2:] == [ADJUSTED, "order.held"]
        state = await state_of(served.app, order_id)
        assert [(each.action, each.returned) for each in state.adjustments] == [("refunded", 700)]


async def test_a_payment_that_was_captured_as_authorised_costs_no_look_at_stripe(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        order_id, intent = await paid(served.app)
        stripe_server.calls.clear()
        about = {"id": intent, "object": "payment_intent", "amount": 3000, "amount_received": 3000}
        assert (await deliver(served, an_event("payment_intent.succeeded", about))).status_code == 204
        assert stripe_server.calls == []
        assert (await state_of(served.app, order_id)).adjustments == ()


async def test_events_of_a_dispute_in_any_order_record_each_state_once(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        for turn, last in enumerate(("won", "lost")):
            order_id, intent = await paid(served.app)
            stripe_server.dashboard.dispute(intent, 3000)
            assert (await deliver(served, of_charge(DISPUTE_EVENTS[0], intent))).status_code == 204
            stripe_server.dashboard.dispute(intent, 3000, last)
            late = [of_charge(kind, intent) for kind in DISPUTE_EVENTS]
            await _all_delivered(served, random.Random(turn).sample(late * 2, k=10))
            state = await state_of(served.app, order_id)
            assert [each.action for each in state.adjustments] == ["disputed", f"dispute_{last}"]
            assert state.hold is not None
            assert (await types_of(served.app, order_id)).count("order.held") == 1


async def _all_delivered(served: Api, events: list[dict[str, Any]]) -> None:
    answers = await asyncio.gather(*(deliver(served, event) for event in events))
    assert {answer.status_code for answer in answers} == {204}


async def test_an_event_stays_open_while_stripe_does_not_answer(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        order_id, intent = await paid(served.app)
        await stripe_server.dashboard.refund(intent, 700)
        event = of_charge("charge.refunded", intent)
        for failing in ("GET /v1/payment_intents", "GET /v1/refunds"):
            stripe_server.fail(failing, "status", status=500)
            problem(await deliver(served, event), 503, "event-open")
            assert (await state_of(served.app, order_id)).adjustments == ()
        assert (await deliver(served, event)).status_code == 204
        assert len((await state_of(served.app, order_id)).adjustments) == 1


async def test_a_change_of_a_payment_without_an_order_is_let_go(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await stripe_server.dashboard.refund(charge.payment_id, 700)
        assert (await deliver(served, of_charge("charge.refunded", charge.payment_id))).status_code == 204


async def test_the_uncaptured_rest_that_stripe_lists_as_a_refund_is_no_refund(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server, stripe_capture="with-label") as served:
        order_id, intent = await paid(served.app)
        await stripe_server.dashboard.capture(intent, 2100)
        rest = of_refund("refund.created", intent, "re_rest", "succeeded", 900, balance_transaction=None)
        assert (await deliver(served, rest)).status_code == 204
        state = await state_of(served.app, order_id)
        assert [(each.action, each.amount, each.returned) for each in state.adjustments] == [("captured", 2100, 900)]
        assert await served.app.pool.fetchval("select count(*) from gateways.stripe_refunds") == 0
