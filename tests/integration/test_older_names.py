"""Effects under names from before the current naming: found again, and attributed to one order alone."""

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter

import embedded.temporal
from activities.signatures import OrderRef
from application.workflows import order_workflows
from embedded.temporal import run_temporal
from gateways.errors import IdempotencyConflict
from gateways.legacy_refund_keys import LegacyRefundKeys
from gateways.simulated import SimulatedPaymentGateway
from gateways.stripe.api import StripeApi
from gateways.stripe.payment import StripePaymentGateway
from orders.events import CancelledBy
from orders.names import key_of_order, older_workflow_id, workflow_id
from tests.gateways.local_stripe import API_KEY, Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.audit_harness import opened_books
from tests.integration.dispatcher_harness import Dispatching, dispatching
from tests.integration.gateway_requests import a_charge, a_refund
from tests.integration.test_dispatcher_triggers import signals_of
from tests.running_system import new_id

LONG = "😀" * 100  # 400 bytes, accepted by Temporal in an id without the limit


@pytest.fixture(scope="module")
async def temporal_client() -> AsyncIterator[Client]:
    """Client of a server that accepts longer ids, as all did before the limit."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(embedded.temporal.SERVER_SETTINGS, "limit.maxIDLength", "1000")
        async with run_temporal(None, ui=False, dynamic=embedded.temporal.TIME_SKIPPING) as server:
            yield await Client.connect(
                server.address, namespace=server.namespace, data_converter=pydantic_data_converter
            )


@pytest.fixture
async def stripe(pool: asyncpg.Pool, stripe_server: StripeProxy) -> AsyncIterator[StripePaymentGateway]:
    api = StripeApi(API_KEY, stripe_server.address, timeout=5)
    yield StripePaymentGateway(pool, api)
    await api.close()


@pytest.fixture
async def given_(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as given:
        yield given


async def begun(given: Dispatching, order_id: str) -> str:
    """Id of a fulfillment that was started before ids were bounded."""
    id_ = older_workflow_id("fulfill-order", order_id)
    ref, queue = OrderRef(order_id=order_id), given.app.settings.task_queue
    await given.system.client.start_workflow("fulfill-order", ref, id=id_, task_queue=queue)
    return id_


async def test_a_key_is_that_of_a_refund_of_one_payment_alone(
    pool: asyncpg.Pool, stripe: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    older, simulated = LegacyRefundKeys(pool), SimulatedPaymentGateway(pool)
    for payments in (stripe, simulated):
        charge, other = await payments.charge(a_charge()), await payments.charge(a_charge())
        refund = a_refund(charge, 100)
        assert not await older.is_refund_of(charge.payment_id, refund.key)
        await payments.refund(refund)
        assert await older.is_refund_of(charge.payment_id, refund.key)
        assert not await older.is_refund_of(other.payment_id, refund.key)


async def test_a_refund_that_is_asked_for_and_not_made_has_its_key(
    pool: asyncpg.Pool, stripe: StripePaymentGateway
) -> None:
    charge = await stripe.charge(a_charge())
    asked = "insert into gateways.stripe_refunds (key, intent_id, amount, currency, reason) values ($1, $2, 100, 'USD', 'x')"
    await pool.execute(asked, "o:1:return-payment:r", charge.payment_id)
    assert await LegacyRefundKeys(pool).is_refund_of(charge.payment_id, "o:1:return-payment:r")


async def test_given_a_refund_under_the_key_of_anothers_undoing_then_that_is_no_answer_to_the_undoing(
    stripe: StripePaymentGateway, stripe_server: StripeProxy
) -> None:
    first, second = a_charge(), replace(a_charge(), order_id=f"{new_id()}:return-payment")
    charge, _ = await stripe.charge(first), await stripe.charge(second)
    taken = replace(a_refund(charge, 1000), key=key_of_order("refund-payment", second.order_id))
    await stripe.refund(taken)
    with pytest.raises(IdempotencyConflict):
        await stripe.void(second.key, "cancelled")
    assert await stripe_server.behind.money(second.order_id) == Money(charges=1, charged=1000)


async def test_a_workflow_that_runs_under_a_longer_id_is_signalled_and_has_none_beside_it(given_: Dispatching) -> None:
    order_id = await given_.system.place(new_id() + LONG)
    await given_.confirm(order_id)
    id_ = await begun(given_, order_id)
    await given_.cancel(order_id, CancelledBy.CUSTOMER)
    await given_.dispatcher.step()
    client = given_.system.client
    assert await signals_of(client.get_workflow_handle(id_)) == ["cancel"]
    views = await order_workflows(client, given_.app.settings, order_id)
    assert {view.type: view.workflow_id for view in views} == {
        "validate-order": workflow_id("validate-order", order_id),
        "fulfill-order": id_,
        "notify-shipment": workflow_id("notify-shipment", order_id),
    }
    assert [view.status for view in views] == ["running", "running", "not started"]


async def test_a_workflow_that_has_ended_under_a_longer_id_gives_way_to_one_that_has_the_shorter(
    given_: Dispatching,
) -> None:
    order_id = await given_.system.place(new_id() + LONG)
    await given_.confirm(order_id)
    client = given_.system.client
    await client.get_workflow_handle(await begun(given_, order_id)).terminate("by mistake")
    await given_.dispatcher.step()
    found = await client.get_workflow_handle(workflow_id("fulfill-order", order_id)).describe()
    assert found.status is WorkflowExecutionStatus.RUNNING


async def test_an_order_whose_workflow_runs_under_a_longer_id_is_in_order(
    database_url: str, pool: asyncpg.Pool, temporal_client: Client, given_: Dispatching
) -> None:
    async with opened_books(database_url, pool) as books:
        order_id = new_id() + LONG
        await books.paid(order_id)
        await books.reserve(order_id)
        await begun(given_, order_id)
        assert await books.found(temporal_client) == []
