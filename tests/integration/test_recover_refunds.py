"""`orders recover` on refunds in which Stripe and the ledger differ."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from temporalio.client import Client

from application.losses import Loss
from open_work.money_at_risk import money_at_risk
from orders.interventions import RequestRefund
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.lost_tail import lose_tail
from tests.integration.test_recover import as_owner, losses, recovery
from tests.running_system import new_id, until
from tests.workflow.stripe_system import StripeSystem, stripe_system


async def refunded(system: StripeSystem, order_id: str) -> None:
    """Request a refund, and wait until it is in the order's stream."""
    await system.handle(order_id, RequestRefund(order_id, "r-1", 5_00, "one is broken"))

    async def done() -> bool:
        return "order.refunded" in await system.events(order_id)

    await until(done, f"{order_id} is refunded", 120)


async def shipped(system: StripeSystem) -> str:
    order_id = new_id()
    await system.stock(TEA_1=10)
    await system.place(order_id)
    await system.settled(order_id, "shipped", 120)
    return order_id


@asynccontextmanager
async def refunded_system(
    database_url: str, client: Client, stripe: StripeProxy
) -> AsyncIterator[tuple[StripeSystem, str, str]]:
    """System, order with a partial refund, and the refund's id at Stripe."""
    async with stripe_system(database_url, client, stripe) as system:
        order_id = await shipped(system)
        await refunded(system, order_id)
        [made] = await stripe.behind.refunds()
        yield system, order_id, made["id"]


async def found(system: StripeSystem, *, apply: bool) -> list[Loss]:
    return [loss async for loss in recovery(system, apply=apply).losses()]


async def test_a_refund_that_failed_at_stripe_unnoticed_is_taken_down_and_needs_attention(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with refunded_system(database_url, temporal_client, stripe_server) as (system, order_id, refund_id):
        assert await losses(system, apply=True) == []
        stripe_server.bounced.add(refund_id)
        problem = f"was given 5.00 EUR back as {refund_id}, which has failed at Stripe, and the ledger does not know"
        assert await found(system, apply=False) == [Loss("refund", order_id, problem)]
        assert [each async for each in money_at_risk(system.app.sources(system.client))] == []
        assert await found(system, apply=True) == [Loss("refund", order_id, problem, done=True)]
        assert [(each.kind, each.order_id) async for each in money_at_risk(system.app.sources(system.client))] == [
            ("refundFailed", order_id)
        ]
        assert await losses(system, apply=True) == []


async def test_a_refund_that_log_and_ledger_have_lost_is_recorded_by_requesting_it_again_and_no_money_moves(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with refunded_system(database_url, temporal_client, stripe_server) as (system, order_id, refund_id):
        events = [event async for event in system.app.store.stream(f"order-{order_id}")]
    await lose_tail(database_url, after=next(each for each in events if each.type == "order.shipped").position)
    await as_owner(database_url, "delete from gateways.stripe_refunds")
    stripe_server.forget()
    async with stripe_system(database_url, temporal_client, stripe_server) as system:
        [loss] = [each for each in await found(system, apply=True) if each.kind == "refund"]
        assert loss.problem == f"was given 5.00 EUR back at Stripe as {refund_id}, and the ledger does not know"
        assert loss.remedy is not None
        assert loss.remedy.startswith(f"orders refund {order_id} --refund-id r-1 --amount 500 ")
        await refunded(system, order_id)
        assert await system.at_stripe(order_id) == Money(charges=1, charged=30_00, refunds=1, refunded=5_00)
        assert await losses(system, apply=True) == []
        await system.assert_stripe_agrees(order_id)


async def test_a_refund_whose_row_alone_is_lost_gets_it_back_and_so_do_refunds_by_hand(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.stripe.api._PAGE", 1)
    async with refunded_system(database_url, temporal_client, stripe_server) as (system, order_id, _):
        [intent] = await stripe_server.behind.intents(order_id)
        await stripe_server.behind.ask("POST", "/v1/refunds", payment_intent=intent["id"], amount=1_00)
        await as_owner(database_url, "delete from gateways.stripe_refunds")
        assert await losses(system, apply=False) == [("refund", order_id, False)] * 2
        assert {loss[2] for loss in await losses(system, apply=True)} == {True}
        assert await losses(system, apply=True) == []
        rows = await system.app.pool.fetch("select amount, state, manual from gateways.stripe_refunds order by amount")
        assert [tuple(row) for row in rows] == [(1_00, "succeeded", True), (5_00, "succeeded", False)]


async def test_a_refund_that_stripe_does_not_have_is_for_a_person(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with refunded_system(database_url, temporal_client, stripe_server) as (system, order_id, _):
        row = "(key, intent_id, amount, currency, reason, refund_id, state)"
        await as_owner(
            database_url,
            f"insert into gateways.stripe_refunds {row} select 'k', intent_id, 100, 'EUR', 'late', 're_gone', 'succeeded' "
            "from gateways.stripe_charges",
        )
        assert await found(system, apply=True) == [
            Loss(
                "refund",
                order_id,
                "was given 1.00 EUR back as re_gone, which Stripe has not",
                remedy="return the money in Stripe's dashboard, or another way",
            )
        ]
