"""Orders that wait for their customer at Stripe: 3-D Secure, found by a webhook or by looking from time to time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.testing import TimeSkipper

from orders.payment_attempts import GivePaymentMethod
from orders.state import Cancelled
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import KEYS, OPERATOR, READER, Api, api_of, bearer
from tests.integration.stripe_events_harness import SECRET, deliver, of_intent
from tests.replay.payment_paths import waits
from tests.workflow.stripe_system import StripeSystem, stripe_system

DEADLINE = timedelta(hours=1)
AUTHENTICATING = "4000002500003155"


@asynccontextmanager
async def served(
    database_url: str, client: Client, stripe: StripeProxy, **settings: Any
) -> AsyncIterator[tuple[StripeSystem, Api]]:
    settings = {"payment_deadline": DEADLINE, "stripe_webhook_secret": SECRET, "api_keys": KEYS, **settings}
    async with stripe_system(database_url, client, stripe, **settings) as system:
        await system.stock(TEA_1=10)
        async with api_of(system.app, client, key=OPERATOR) as api:
            yield system, api


async def placed(system: StripeSystem) -> str:
    """Order that waits for its customer's authentication of the payment."""
    form = {"card[number]": AUTHENTICATING, "card[exp_month]": "1", "card[exp_year]": "2034", "card[cvc]": "123"}
    card = await system.stripe.behind.ask("POST", "/v1/payment_methods", type="card", **form)
    order_id = await system.place(paymentMethod=card["id"])
    await waits(system, order_id, 1)
    return order_id


async def authenticated(system: StripeSystem, api: Api, order_id: str) -> str:
    """Authenticate as the customer, by the secret that the shop reads; returns the payment's id."""
    payment = await api.get(f"/v1/orders/{order_id}/payment")
    path = f"/v1/payment_intents/{payment['paymentId']}/_authenticate"
    await system.stripe.behind.ask("POST", path, client_secret=payment["clientSecret"], success="true")
    return str(payment["paymentId"])


async def test_the_shop_reads_what_the_customer_can_do_and_a_webhook_lets_the_order_go_on(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served(database_url, temporal_client, stripe_server) as (system, api):
        order_id = await placed(system)
        payment = await api.get(f"/v1/orders/{order_id}/payment")
        assert (payment["waits"], payment["code"]) == (True, "authentication_required")
        assert payment["providerStatus"] == "requires_action"
        assert payment["nextAction"]["type"] == "use_stripe_sdk"
        read_only = await api.http.get(f"/v1/orders/{order_id}/payment", headers=bearer(READER))
        assert (read_only.json()["clientSecret"], read_only.json()["nextAction"]) == (None, None)

        intent_id = await authenticated(system, api, order_id)
        # The order checks its payment a minute later.
        answer = await deliver(api, of_intent("payment_intent.succeeded", intent_id, "succeeded"))
        assert answer.status_code == 204
        await system.settled(order_id, "shipped")
        await system.assert_stripe_agrees(order_id)
        assert (await api.get(f"/v1/orders/{order_id}/payment"))["waits"] is False
        await assert_stored_nowhere(system, order_id, payment["clientSecret"])


async def assert_stored_nowhere(system: StripeSystem, order_id: str, secret: str) -> None:
    history = await system.workflow("fulfill-order", order_id).fetch_history()
    assert not [event for event in history.events if secret.encode() in event.SerializeToString()]
    stored = await system.app.pool.fetch("select data::text as data from eventstore.events")
    ledger = await system.app.pool.fetch("select c::text as data from gateways.stripe_charges c")
    kept = await system.app.pool.fetch(
        "select convert_from(body, 'UTF8') as data from web.idempotency_keys where body is not null"
    )
    assert [row for row in (*stored, *ledger, *kept) if secret in row["data"]] == []


async def test_without_a_webhook_the_order_finds_the_payment_by_looking(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    client = TimeSkipper(temporal_client).client
    async with served(database_url, client, stripe_server) as (system, api):
        order_id = await placed(system)
        await authenticated(system, api, order_id)
        await system.settled(order_id, "shipped")
        await system.assert_paid_for_or_given_back(order_id, 30_00)


async def test_a_customer_who_does_not_authenticate_gives_another_card(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served(database_url, temporal_client, stripe_server) as (system, api):
        order_id = await placed(system)
        body = {"paymentMethod": "pm_card_visa"}
        path = f"/v1/orders/{order_id}/payment"
        first = await api.post(path, body, Idempotency_Key="once")
        assert (first.status_code, first.json()["changed"]) == (202, True)
        again = await api.post(path, body, Idempotency_Key="once")
        assert again.json() == first.json()
        await system.settled(order_id, "shipped")
        await system.assert_stripe_agrees(order_id)
        statuses = [each["status"] for each in await stripe_server.behind.intents(order_id)]
        assert sorted(statuses) == ["canceled", "succeeded"]
        late = await api.post(path, body)
        assert (late.status_code, late.json()["type"]) == (409, "urn:orders:problem:no-payment-awaited")


async def test_after_the_deadline_the_payment_is_cancelled_at_stripe_with_the_order(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    client = TimeSkipper(temporal_client).client
    async with served(database_url, client, stripe_server, payment_deadline=timedelta(minutes=5)) as (system, _):
        order_id = await placed(system)
        state = await system.settled(order_id, "cancelled")
        assert isinstance(state, Cancelled)
        assert state.reason == "Payment declined: The bank wants the customer to authenticate the payment."
        assert [each["status"] for each in await stripe_server.behind.intents(order_id)] == ["canceled"]


async def test_a_payment_method_given_while_stripe_is_away_is_charged_once_when_it_is_back(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with served(database_url, temporal_client, stripe_server) as (system, _):
        order_id = await placed(system)
        stripe_server.fail("confirm", "lost_reply", remaining=2)
        stripe_server.fail("cancel", "lost_reply", remaining=1)
        await system.handle(order_id, GivePaymentMethod(order_id, "pm_card_visa"))
        await system.settled(order_id, "shipped")
        await system.assert_paid_for_or_given_back(order_id, 30_00)
