"""The proxy for Stripe completes a begun call even if its client does not wait for the answer."""

import asyncio
from dataclasses import replace

import asyncpg

from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.gateway_requests import a_charge, persist
from tests.running_system import until


async def test_given_a_client_that_gives_up_when_it_repeats_the_call_then_it_gets_the_first_answer(
    pool: asyncpg.Pool, stripe_api: StripeApi, stripe_server: StripeProxy
) -> None:
    charge = await StripePaymentGateway(pool, stripe_api).charge(replace(a_charge(), amount=1000))

    async def called() -> bool:
        return bool(stripe_server.called("POST /v1/refunds"))

    async with stripe_server._refunding:
        given_up = asyncio.create_task(stripe_api.refund(charge.payment_id, 300, {"key": "r"}, "r"))
        await until(called, "the refund is requested", 60)
        given_up.cancel()
        await asyncio.wait([given_up])
        await stripe_api.retrieve(charge.payment_id)  # the server has seen by now that the client is gone
    async with asyncio.timeout(60):
        refund = await persist(lambda: stripe_api.refund(charge.payment_id, 300, {"key": "r"}, "r"))
    assert refund.amount == 300
    assert await stripe_server.behind.money() == Money(charges=1, charged=1000, refunds=1, refunded=300)
