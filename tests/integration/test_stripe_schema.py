"""Every request of the gateway, checked against Stripe's own schema; and Stripe's own answers, parsed by the gateway."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from gateways.errors import PaymentDeclined
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_calls import Call
from tests.gateways.stripe_mock import run_stripe_mock
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, a_refund, persist
from tests.plain_http import plain_http

KINDS = {
    "POST payment_intents",
    "POST payment_intents confirm",
    "POST payment_intents capture",
    "POST payment_intents cancel",
    "GET payment_intents",
    "POST refunds",
    "GET refunds",
}


@pytest.fixture(scope="module")
async def stripe_mock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    async with run_stripe_mock(tmp_path_factory.mktemp("stripe-mock")) as address:
        yield address


async def send_every_request(pool: asyncpg.Pool, proxy: StripeProxy) -> None:
    """Send every request: charges at once and with the label, a decline, a capture, look-ups of refunds, and voids."""
    api = StripeApi(API_KEY, proxy.address)
    at_once, with_label = StripePaymentGateway(pool, api), StripePaymentGateway(pool, api, with_label=True)
    charge = await at_once.charge(a_charge())
    asked = a_refund(charge, 100)
    proxy.fail("refunds", "lost_request")
    await persist(lambda: at_once.refund(asked))
    await at_once.void(charge.key, "cancelled")
    with pytest.raises(PaymentDeclined):
        await at_once.charge(replace(a_charge(), payment_method="pm_card_chargeCustomerFail"))
    held, released = await with_label.charge(a_charge()), await with_label.charge(a_charge())
    await with_label.capture(held.key)
    await with_label.void(released.key, "cancelled")
    await api.close()


def kind(call: Call) -> str:
    _, _, resource, *rest = call.path.partition("?")[0].split("/")
    return " ".join([call.method, resource, *rest[1:]])


async def test_given_every_call_of_the_gateway_then_stripes_own_schema_takes_it(
    pool: asyncpg.Pool, stripe_server: StripeProxy, stripe_mock: str
) -> None:
    await send_every_request(pool, stripe_server)
    assert {kind(call) for call in stripe_server.calls} == KINDS
    kept = ("Authorization", "Content-Type", "Stripe-Version", "Idempotency-Key")
    async with plain_http(stripe_mock, timeout=30) as client:
        for call in stripe_server.calls:
            headers = {name: call.headers[name] for name in kept if name in call.headers}
            answer = await client.request(call.method, call.path, content=call.body, headers=headers)
            assert answer.status_code == 200, (call.name, call.form, answer.text)
        wrong = await client.post("/v1/refunds", data={"payment_intend": "pi_1"}, auth=(API_KEY, ""))
        assert wrong.status_code == 400, "the mock looks at what it is asked"


async def test_given_answers_of_stripes_own_shape_then_the_client_reads_them(stripe_mock: str) -> None:
    api = StripeApi(API_KEY, stripe_mock)
    about = {"orderId": "o-1", "key": "o-1:charge-payment"}
    created = await api.create(1000, "USD", "pm_card_visa", about, later=True, key="o-1:charge-payment:1:create")
    for intent in (
        created,
        await api.retrieve(created.id),
        await api.confirm(created.id, "o-1:charge-payment:1:confirm"),
        await api.capture(created.id, "o-1:capture-payment:1"),
        await api.cancel(created.id),
    ):
        assert intent.id.startswith("pi_")
        assert intent.status
        assert intent.amount >= 0
    refund = await api.refund(created.id, 100, about, "o-1:refund-payment:1")
    assert refund.id.startswith("re_")
    assert refund.status
    assert await api.refunds(created.id) == [], (
        "the sample refund has no balance transaction and no key: no money moved"
    )
    [listed] = [each async for each in api.refunds_since(datetime.now(UTC))]
    assert listed.id.startswith("re_")
    await api.close()
