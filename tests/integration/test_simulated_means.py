"""The simulated payment gateway: a documented means of payment is charged at any amount."""

from dataclasses import replace

import asyncpg
import pytest

from gateways.errors import PaymentDeclined
from gateways.simulated import SimulatedPaymentGateway, SimulationSettings
from gateways.simulated.payment import ALWAYS_ACCEPTED
from tests.integration.gateway_requests import a_charge


async def test_given_a_decline_when_the_accepted_means_is_given_then_any_amount_is_charged(pool: asyncpg.Pool) -> None:
    payments = SimulatedPaymentGateway(pool, SimulationSettings(decline_above=10_000))
    declined = a_charge(10_001)
    with pytest.raises(PaymentDeclined):
        await payments.charge(declined)
    other = replace(declined, attempt=2, payment_method="pm_other")
    with pytest.raises(PaymentDeclined):
        await payments.charge(other)
    accepted = replace(declined, attempt=3, payment_method=ALWAYS_ACCEPTED)
    assert (await payments.charge(accepted)).amount == declined.amount
