"""GET and POST /v1/orders/{id}/payment, without any workflow: roles, refusals, and a provider that does not answer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from gateways.errors import GatewayUnavailable
from gateways.payments import CustomerAction
from gateways.simulated.payment import SimulatedPaymentGateway
from orders.commands import ConfirmOrder
from orders.payment_attempts import RecordPaymentFailure
from orders.records import PaymentFailure
from tests.integration.api_harness import KEYS, OPERATOR, READER, WRITER, Api, api, bearer, problem

DEADLINE = datetime(2100, 1, 31, 9, 30, tzinfo=UTC)


class ActingGateway(SimulatedPaymentGateway):
    """A gateway whose customers can complete a payment; `away`: it does not answer."""

    away = False

    async def customer_action(self, key: str) -> CustomerAction | None:
        if self.away:
            raise GatewayUnavailable("no answer")
        return CustomerAction("pi_1", "requires_action", "the-secret", {"type": "redirect"})


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with api(database_url, temporal_client, key=OPERATOR, api_keys=KEYS) as running:
        object.__setattr__(running.system, "payments", ActingGateway(running.app.pool))
        yield running


async def waiting(served: Api) -> str:
    order_id = await served.place()
    failed = RecordPaymentFailure(
        order_id, PaymentFailure(1, "card_declined", "The card was declined.", DEADLINE, "pi_1")
    )
    await served.handle(order_id, ConfirmOrder(order_id), failed)
    return order_id


async def test_an_order_that_does_not_wait_has_no_failure_and_the_provider_is_not_asked(served: Api) -> None:
    order_id = await served.place()
    payment = await served.get(f"/v1/orders/{order_id}/payment")
    assert (payment["waits"], payment["status"], payment["paymentState"]) == (False, "placed", "none")
    assert {payment[name] for name in ("code", "reason", "waitsUntil", "clientSecret", "providerStatus")} == {None}


async def test_a_waiting_order_shows_the_decline_the_deadline_and_the_customers_action(served: Api) -> None:
    order_id = await waiting(served)
    payment = await served.get(f"/v1/orders/{order_id}/payment")
    assert payment["waits"] is True
    assert (payment["attempt"], payment["code"], payment["paymentId"]) == (1, "card_declined", "pi_1")
    assert payment["waitsUntil"] == "2100-01-31T09:30:00Z"
    assert (payment["clientSecret"], payment["nextAction"]) == ("the-secret", {"type": "redirect"})
    order = await served.get(f"/v1/orders/{order_id}")
    assert order["paymentFailure"]["reason"] == "The card was declined."
    assert order["status"] == "confirmed"


@pytest.mark.parametrize(("key", "secret"), [(READER, None), (WRITER, "the-secret")])
async def test_a_key_that_only_reads_gets_no_secret(served: Api, key: str, secret: str | None) -> None:
    order_id = await waiting(served)
    answer = await served.http.get(f"/v1/orders/{order_id}/payment", headers=bearer(key))
    assert answer.json()["clientSecret"] == secret
    assert answer.headers["cache-control"] == "no-store"


async def test_a_provider_that_does_not_answer_is_a_problem_of_its_own(served: Api) -> None:
    order_id = await waiting(served)
    gateway = served.system.payments
    assert isinstance(gateway, ActingGateway)
    gateway.away = True
    problem(await served.http.get(f"/v1/orders/{order_id}/payment"), 503, "provider-away")


async def test_a_means_of_payment_is_taken_once_for_each_idempotency_key(served: Api) -> None:
    order_id = await waiting(served)
    path, body = f"/v1/orders/{order_id}/payment", {"paymentMethod": "pm_2"}
    first = await served.post(path, body, Idempotency_Key="one")
    assert (first.status_code, first.json()["changed"]) == (202, True)
    assert (await served.post(path, body, Idempotency_Key="one")).json() == first.json()
    order = await served.get(f"/v1/orders/{order_id}")
    assert (order["paymentMethod"], order["paymentFailure"]) == ("pm_2", None)
    problem(await served.post(path, {"paymentMethod": "pm_3"}), 409, "no-payment-awaited")


async def test_a_reader_gives_no_means_of_payment_and_a_card_number_is_refused_without_a_quotation(served: Api) -> None:
    order_id = await waiting(served)
    path = f"/v1/orders/{order_id}/payment"
    refused = await served.http.post(path, json={"paymentMethod": "pm_2"}, headers=bearer(READER))
    problem(refused, 403, "forbidden")
    card = await served.post(path, {"paymentMethod": "4242 4242 4242 4242"})
    assert "4242" not in card.text
    problem(card, 422, "invalid-request")
    problem(await served.http.get("/v1/orders/unknown/payment"), 404, "order-not-found")
