"""`orders recover` after a restore: sequences, checkpoints, charges without a row or an order, work without a workflow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
from temporalio.client import Client

from application.losses import Loss
from application.recovering import Recovery
from eventstore.parking import parked_counts
from tests.gateways.local_stripe import Money
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.dispatcher_harness import dispatching, event_of
from tests.integration.lost_tail import lose_tail, ship
from tests.running_system import RunningSystem, new_id, running_system
from tests.workflow.stripe_system import StripeSystem, stripe_system


async def as_owner(database_url: str, statement: str, *arguments: object) -> None:
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(statement, *arguments)
    finally:
        await owner.close()


async def losses(system: RunningSystem, *, apply: bool) -> list[tuple[str, str, bool]]:
    """Kind, subject and `done` of each loss."""
    found = [loss async for loss in recovery(system, apply=apply).losses()]
    return [(loss.kind, loss.subject, loss.done) for loss in found]


def recovery(system: RunningSystem, *, apply: bool) -> Recovery:
    app, since = system.app, datetime.now(UTC) - timedelta(days=1)
    return Recovery(app.sources(system.client), system.client, app.stripe, app.easypost, app.settings, since, apply)


async def test_a_sequence_behind_the_log_is_set_right_before_anything_is_appended(
    database_url: str, temporal_client: Client
) -> None:
    async with dispatching(database_url, temporal_client) as given:
        await given.system.place()
        await given.system.place()
        await given.dispatcher.step()
        await as_owner(database_url, "select setval('eventstore.event_position', 1)")
        await as_owner(database_url, "select setval(pg_get_serial_sequence('eventstore.streams', 'stream_id'), 1)")
        assert await losses(given.system, apply=False) == [("sequence", "event_position", False)]
        assert await losses(given.system, apply=True) == [("sequence", "event_position", True)]
        assert await losses(given.system, apply=True) == []
        order_id = await given.system.place()
        assert [event.position async for event in given.app.store.stream(f"order-{order_id}")] == [3]


async def test_a_reader_beyond_the_log_is_set_back_and_a_projection_there_is_for_a_person(
    database_url: str, temporal_client: Client
) -> None:
    async with dispatching(database_url, temporal_client) as given:
        await given.system.place()
        await given.dispatcher.step()
        await as_owner(database_url, "update eventstore.subscriptions set position = 100 where name = 'dispatcher'")
        insert = "insert into eventstore.subscriptions (name, position) values ('order-dashboard', 100)"
        await as_owner(database_url, insert)
        found = [loss async for loss in recovery(given.system, apply=True).losses()]
        assert found == [
            Loss("sequence", "event_position", "is 99 behind the log", done=True),
            Loss("checkpoint", "dispatcher", "has read to position 100, and the log ends at 1", done=True),
            Loss(
                "checkpoint",
                "order-dashboard",
                "has read to position 100, and the log ends at 1",
                remedy="orders projections rebuild order-dashboard",
            ),
        ]
        assert await given.position() == 1
        await given.system.place()  # refused unless the sequence is beyond the projection's checkpoint


async def test_a_parked_event_that_is_lost_is_parked_no_more(database_url: str, temporal_client: Client) -> None:
    async with dispatching(database_url, temporal_client) as given:
        [kept, lost] = [await given.append("order-o", event_of("order.placed", "o")) for _ in range(2)]
        await given.dispatcher.step()
        assert [each.position for each in await given.parked()] == [kept, lost]
        await lose_tail(database_url, after=kept)
        assert await losses(given.system, apply=False) == []
        assert await parked_counts(given.app.pool) == {"dispatcher": 2}
        assert await losses(given.system, apply=True) == []
        assert await parked_counts(given.app.pool) == {"dispatcher": 1}


async def test_messages_of_a_shipped_order_that_are_lost_are_published_again_and_a_terminated_run_is_for_a_person(
    database_url: str, temporal_client: Client
) -> None:
    async with running_system(database_url, temporal_client) as system:
        await system.stock(TEA_1=10)
        order_id = await system.place()
        await system.settled(order_id, "shipped")
        shipped = [event async for event in system.app.store.stream(f"order-{order_id}")][-1].position
    await lose_tail(database_url, after=shipped)
    async with dispatching(database_url, temporal_client) as given:
        terminated = await given.system.place()
        await given.dispatcher.step()
        await given.system.workflow("validate-order", terminated).terminate("on purpose")
    async with running_system(database_url, temporal_client) as system:
        found = {loss.subject: loss async for loss in recovery(system, apply=True).losses()}
        assert found[order_id].done
        assert (found[terminated].done, found[terminated].remedy) == (False, f"orders retry {terminated}")
        await system.settled(order_id, "shipped")
        assert [event.data["subject"] async for event in system.app.store.stream("analytics.revenue")] == [order_id]


@asynccontextmanager
async def lost_at_stripe(
    database_url: str, client: Client, stripe: StripeProxy, *, kept: int
) -> AsyncIterator[tuple[StripeSystem, str]]:
    """Running system whose log has this number of events of a shipped order, and whose ledger has lost its charge."""
    order_id = new_id()
    async with stripe_system(database_url, client, stripe) as system:
        positions = await ship(system, order_id)
    await lose_tail(database_url, after=[0, *positions][kept])
    await as_owner(database_url, "delete from gateways.stripe_charges")
    stripe.forget()
    async with stripe_system(database_url, client, stripe) as system:
        yield system, order_id


async def test_a_charge_that_the_ledger_has_lost_is_adopted_and_the_order_is_charged_once(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with lost_at_stripe(database_url, temporal_client, stripe_server, kept=2) as (system, order_id):
        assert set(await losses(system, apply=False)) == {("charge", order_id, False), ("workflow", order_id, False)}
        assert set(await losses(system, apply=True)) == {("charge", order_id, True), ("workflow", order_id, True)}
        await system.settled(order_id, "shipped", 120)
        assert await system.at_stripe(order_id) == Money(charges=1, charged=30_00)
        assert await losses(system, apply=True) == []
        await system.assert_stripe_agrees(order_id)


async def test_a_charge_without_an_order_is_for_a_person_until_the_order_is_placed_again(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with lost_at_stripe(database_url, temporal_client, stripe_server, kept=0) as (system, order_id):
        [loss] = [loss async for loss in recovery(system, apply=True).losses()]
        assert (loss.kind, loss.subject, loss.done) == ("charge", order_id, False)
        assert "no such order is in the log" in loss.problem
        assert "place the order again" in (loss.remedy or "")
        await system.place(order_id)
        await system.settled(order_id, "shipped", 120)
        assert (await system.at_stripe(order_id)).charges == 1
