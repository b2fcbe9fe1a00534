"""A payment that succeeds after its order was cancelled is refunded; until that is started, Stripe must deliver again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from gateways.stripe.api import StripeApi
from orders.names import charge_key
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import Api, api_of, problem
from tests.integration.projections_harness import owner
from tests.integration.stripe_events_harness import deliver, inbox, of_intent, state_of, stripe_settings
from tests.running_system import RunningSystem, running_system, until

RUNBOOK = "https://runbook.example"
RETURNED = Money(charges=1, charged=3000, refunds=1, refunded=3000)


@asynccontextmanager
async def served_system(
    database_url: str, client: Client, server: StripeProxy
) -> AsyncIterator[tuple[RunningSystem, Api]]:
    async with (
        running_system(database_url, client, **stripe_settings(server), runbook_url=RUNBOOK) as system,
        api_of(system.app, client) as served,
    ):
        await system.stock(TEA_1=10)
        yield system, served


async def undone(system: RunningSystem) -> str:
    """Order that was cancelled before any charge, its fulfillment ended."""
    order_id = await system.place(quantity=11)  # more than the stock
    await system.settled(order_id, "cancelled")
    return order_id


async def paid_late(database_url: str, system: RunningSystem, order_id: str) -> str:
    """Payment for it that has succeeded without a record here: the id of its intent."""
    api, key = system.app.stripe, charge_key(order_id)
    assert isinstance(api, StripeApi)
    about = {"orderId": order_id, "key": key}
    intent = await api.create(3000, "EUR", "pm_card_visa", about, later=False, key=f"{key}:1:create")
    await api.confirm(intent.id, f"{key}:1:confirm")
    async with owner(database_url) as connection:
        await connection.execute(
            "insert into gateways.stripe_charges (key, order_id, fingerprint, amount, currency, intent_id, state, voided_at) "
            "values ($1, $2, 'f', 3000, 'EUR', $3, 'voided', $4)",
            *(key, order_id, intent.id, datetime.now(UTC)),
        )
    return intent.id


async def test_money_that_comes_after_the_order_was_cancelled_is_sent_back(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served_system(database_url, temporal_client, stripe_server) as (system, served):
        order_id = await undone(system)
        intent_id = await paid_late(database_url, system, order_id)
        event = of_intent("payment_intent.succeeded", intent_id, "succeeded")
        assert (await deliver(served, event)).status_code == 204
        assert await inbox(system.app) == {event["id"]: True}
        await system.settled(order_id, "cancelled")
        undoing = await system.workflow("fulfill-order", order_id).describe()
        assert f"[Runbook]({RUNBOOK})" in (await undoing.static_details() or "")
        assert await stripe_server.behind.money(order_id) == RETURNED
        assert await state_of(system.app, intent_id) == "returned"
        assert (await system.events(order_id))[-2:] == ["order.cancelled", "order.refunded"]
        again = of_intent("payment_intent.succeeded", intent_id, "succeeded")
        for repeated in (event, again):
            assert (await deliver(served, repeated)).status_code == 204
        await system.settled(order_id, "cancelled")
        assert await stripe_server.behind.money(order_id) == RETURNED


async def test_while_temporal_is_away_stripe_is_to_deliver_again(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    nowhere = await Client.connect("127.0.0.1:1", lazy=True, data_converter=pydantic_data_converter)
    async with (
        served_system(database_url, temporal_client, stripe_server) as (system, served),
        api_of(system.app, nowhere) as cut_off,
    ):
        order_id = await undone(system)
        intent_id = await paid_late(database_url, system, order_id)
        event = of_intent("payment_intent.succeeded", intent_id, "succeeded")
        for _ in range(2):
            problem(await deliver(cut_off, event), 503, "temporal-away")
            assert await inbox(system.app) == {event["id"]: False}
            assert await state_of(system.app, intent_id) == "succeeded"
        assert await stripe_server.behind.money(order_id) == Money(charges=1, charged=3000)
        assert (await deliver(served, event)).status_code == 204
        await system.settled(order_id, "cancelled")
        assert await inbox(system.app) == {event["id"]: True}
        assert await stripe_server.behind.money(order_id) == RETURNED


async def test_while_the_order_is_being_undone_stripe_is_to_deliver_again(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served_system(database_url, temporal_client, stripe_server) as (system, served):
        order_id = await undone(system)
        intent_id = await paid_late(database_url, system, order_id)
        outage = stripe_server.fail("POST /v1/refunds", "status", status=500, remaining=None)
        first = of_intent("payment_intent.succeeded", intent_id, "succeeded")
        assert (await deliver(served, first)).status_code == 204
        await system.step_is_failing(order_id, "refund-payment")
        second = of_intent("payment_intent.succeeded", intent_id, "succeeded")
        problem(await deliver(served, second), 503, "event-open")
        assert (await deliver(served, first)).status_code == 204
        assert await inbox(system.app) == {first["id"]: True, second["id"]: False}
        outage.remaining = 0
        await system.settled(order_id, "cancelled", seconds=60)
        assert (await deliver(served, second)).status_code == 204
        assert all((await inbox(system.app)).values())
        assert await stripe_server.behind.money(order_id) == RETURNED


async def test_a_payment_in_time_is_only_taken_down(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served_system(database_url, temporal_client, stripe_server) as (system, served):
        order_id = await system.place(paymentMethod="pm_card_visa")
        await system.settled(order_id, "shipped")
        [intent] = await stripe_server.behind.intents(order_id)
        event = of_intent("payment_intent.succeeded", intent["id"], "succeeded")
        assert (await deliver(served, event)).status_code == 204

        async def still() -> bool:
            return not await system.running(order_id)

        await until(still, "nothing was started")
        assert await stripe_server.behind.money(order_id) == Money(charges=1, charged=3000)
        assert (await system.state(order_id)).status == "shipped"


async def test_the_means_of_payment_stays_in_the_stream(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served_system(database_url, temporal_client, stripe_server) as (system, _):
        order_id = await system.place(paymentMethod="pm_card_visa")
        await system.settled(order_id, "shipped")
        for name in ("validate-order", "fulfill-order", "notify-shipment"):
            history = await system.workflow(name, order_id).fetch_history()
            assert "pm_card_visa" not in history.to_json()
        [created] = stripe_server.called("POST /v1/payment_intents$")
        assert created.form["payment_method"] == "pm_card_visa"


async def test_an_order_that_names_no_means_of_payment_is_declined_and_cancelled(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served_system(database_url, temporal_client, stripe_server) as (system, _):
        order_id = await system.place()
        state = await system.settled(order_id, "cancelled")
        assert "means of payment" in str(state)
        assert await stripe_server.behind.intents(order_id) == []
