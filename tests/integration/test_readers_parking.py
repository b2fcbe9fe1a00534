"""Each reader parks unknown or undecodable events, and continues: types of a newer program, JSON that no parser
accepts."""

from collections.abc import AsyncIterator
from typing import NoReturn

import asyncpg
import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from orders.events import OrderPlaced
from orders.topics import ANALYTICS_REVENUE
from projections import PROJECTIONS
from projections.order_dashboard import ORDER_DASHBOARD
from projections.rebuild import rebuild
from tests.integration.dispatcher_harness import Dispatching, dispatching
from tests.integration.log_by_hand import ByHand, insert, placed, with_raw
from tests.integration.projections_harness import drain
from tests.integration.webhooks_harness import Relaying, relaying_app
from tests.running_system import new_id
from webhooks import relay as relaying
from webhooks.activities import WebhookActivities
from webhooks.sender import Sender
from webhooks.steps import DeliveryRef

NEWER = "order.lost"
DEEP = 2_000
UNDECODABLE = {
    "beyond a double": ByHand(with_raw("{id}", "1e400")),
    "nested too deeply": ByHand(with_raw("{id}", "[" * DEEP + "]" * DEEP)),
    "an array": ByHand('["{id}"]'),
    "an amount beyond 64 bits": ByHand(with_raw("{id}", str(2**64), "total")),
}


@pytest.fixture
async def given(database_url: str, temporal_client: Client) -> AsyncIterator[Dispatching]:
    async with dispatching(database_url, temporal_client) as opened:
        yield opened


async def parked_by_projections(given: Dispatching) -> set[tuple[str, int]]:
    rows = await given.app.pool.fetch("select consumer, position from eventstore.parked where consumer <> 'dispatcher'")
    return {(row["consumer"], row["position"]) for row in rows}


async def project(given: Dispatching) -> None:
    for projector in given.app.projectors():
        await drain(projector)


async def test_a_type_that_the_program_does_not_know_is_parked_by_dispatcher_and_projections(
    given: Dispatching, database_url: str
) -> None:
    order_id = await given.system.place()
    position = await insert(database_url, order_id, ByHand(placed(order_id)), NEWER)
    neighbour = await given.system.place()
    await given.dispatcher.step()
    [parked] = await given.parked()
    assert (parked.position, parked.reason) == (position, f"unknown event type {NEWER!r}")
    assert set(await given.described(neighbour)) == {"validate-order"}
    await project(given)
    assert await parked_by_projections(given) == {(each.name, position) for each in PROJECTIONS}
    assert await given.app.queries.order(neighbour)


async def test_a_rebuild_parks_an_unknown_type_as_the_live_projection_does(
    given: Dispatching, database_url: str
) -> None:
    order_id = await given.system.place()
    position = await insert(database_url, order_id, ByHand(placed(order_id)), NEWER)
    await rebuild(given.app.pool, given.app.store, given.app.codec, [ORDER_DASHBOARD], lambda done, head: None)
    assert await parked_by_projections(given) == {("order-dashboard", position)}
    assert await given.app.queries.order(order_id)


async def test_a_known_type_without_a_trigger_and_other_categories_are_passed_over(
    given: Dispatching, database_url: str
) -> None:
    order_id = await given.system.place()
    await given.confirm(order_id)
    await given.ship(order_id)
    async with asyncpg.create_pool(database_url, min_size=1) as owner:
        await owner.execute(
            "select eventstore.append('invoices-1', -1, array[gen_random_uuid()], array['invoice.sent'], array[1], "
            "array['{}'], array['{}'])"
        )
    await given.dispatcher.step()
    await project(given)
    assert await given.parked() == []
    assert await parked_by_projections(given) == set()
    assert await given.position() == await given.app.store.head()


@pytest.mark.parametrize("kind", UNDECODABLE)
async def test_an_event_that_no_parser_takes_is_parked_and_its_neighbours_go_on(
    given: Dispatching, database_url: str, kind: str
) -> None:
    before, poisoned = await given.system.place(), new_id()
    event = ByHand(UNDECODABLE[kind].data.replace("{id}", poisoned))
    position = await insert(database_url, poisoned, event)
    after = await given.system.place()
    await given.dispatcher.step()
    await project(given)
    [parked] = await given.parked()
    assert parked.position == position
    assert f"at position {position} does not decode" in parked.reason
    assert await parked_by_projections(given) == {
        (each.name, position) for each in PROJECTIONS if OrderPlaced in each.events
    }
    for neighbour in (before, after):
        assert set(await given.described(neighbour)) == {"validate-order"}
        assert await given.app.queries.order(neighbour)


@pytest.mark.parametrize("time", ["12000-01-01 00:00+00", "4000-01-01 00:00+00 BC", "infinity"])
async def test_an_event_of_a_time_that_the_driver_refuses_stops_nobody(
    given: Dispatching, database_url: str, time: str
) -> None:
    poisoned = new_id()
    await insert(database_url, poisoned, ByHand(placed(poisoned), recorded_at=time))
    neighbour = await given.system.place()
    await given.dispatcher.step()
    await project(given)
    assert set(await given.described(neighbour)) == {"validate-order"}
    assert await given.app.queries.order(neighbour)


async def test_the_relay_goes_on_behind_an_undecodable_event_whose_own_delivery_is_parked(
    database_url: str, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_IDLE", 0.0)
    async with relaying_app(database_url) as app:
        given = Relaying(app, app.relay(temporal_client), temporal_client)
        endpoint_id, message, order_id = await given.add("*"), ANALYTICS_REVENUE, new_id()
        position = await insert(database_url, "", ByHand('["no object"]'), message, stream=message)
        neighbour = await given.append(order_id)
        await given.steps()
        assert [row.position for row in await given.deliveries(endpoint_id)] == [position, neighbour]
        activities = WebhookActivities(app.endpoints, app.deliveries, app.store, NoSender())
        ref = DeliveryRef(endpoint_id=endpoint_id, order_id=message, position=position)
        await ActivityEnvironment().run(activities.deliver_webhook, ref)
        first = (await given.deliveries(endpoint_id))[0]
        assert first.state == "parked"
        assert first.last_error is not None
        assert "data is no JSON object" in first.last_error


class NoSender(Sender):
    """Sender that fails every request."""

    def __init__(self) -> None:
        pass

    async def post(self, *arguments: object, **options: object) -> NoReturn:
        raise AssertionError("an undecodable event was sent")
