"""Links in Temporal's Web UI of workflows that the dispatcher does not start: by a retry and by a recovery."""

from dataclasses import replace

from temporalio.client import Client

from application.retrying import retry
from dispatcher.dispatcher import NAME
from orders.interventions import RequestRefund, RetryOrder
from tests.integration.dispatcher_harness import Dispatching, dispatching
from tests.integration.test_recover import losses

PAGE = "https://shop.example"
PASS = "insert into eventstore.subscriptions (name, position) values ($1, $2)"


def with_a_page(given: Dispatching) -> Dispatching:
    return replace(given, system=replace(given.system, app=given.app.with_page(PAGE)))


async def details_of(client: Client, workflow_id: str) -> str | None:
    return await (await client.get_workflow_handle(workflow_id).describe()).static_details()


async def test_a_refund_that_a_retry_starts_links_to_the_operators_page(
    database_url: str, temporal_client: Client
) -> None:
    async with dispatching(database_url, temporal_client) as plain:
        given = with_a_page(plain)
        order_id = await given.system.place()
        await given.confirm(order_id)
        await given.ship(order_id)
        await given.system.handle(order_id, RequestRefund(order_id, "r-1", 100, "late"))
        command, settings = RetryOrder(order_id, "for the test"), given.app.settings
        await retry(given.app.orders, temporal_client, settings, command, actor="test", command_id="retry-1")
        details = await details_of(temporal_client, f"refund-order-{order_id}/r-1")
        assert f"({PAGE}/#/orders/{order_id})" in (details or "")


async def test_a_workflow_that_a_recovery_starts_links_to_the_operators_page(
    database_url: str, temporal_client: Client
) -> None:
    async with dispatching(database_url, temporal_client) as plain:
        given = with_a_page(plain)
        order_id = await given.system.place()
        await given.app.pool.execute(PASS, NAME, await given.app.store.head())
        assert ("workflow", order_id, True) in await losses(given.system, apply=True)
        details = await details_of(temporal_client, f"validate-order-{order_id}")
        assert f"({PAGE}/#/orders/{order_id})" in (details or "")
