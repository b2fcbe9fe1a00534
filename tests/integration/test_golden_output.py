"""The output of every `--json` command and every GET of the API equals the record in tests/golden, field for field.

RECORD_GOLDEN=1 records again.
"""

from pathlib import Path

import pytest
from temporalio.client import Client

from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.parking import Parking
from orders.ids import stream_name
from tests.integration import golden
from tests.integration.api_harness import api_of, listening
from tests.integration.cli_harness import Shell, as_lines, database, shell_for
from tests.integration.golden_recording import Outputs, Recording, in_this_process
from tests.running_system import order_data, running_system, until
from tests.workflow.steering import Steering


@pytest.fixture(scope="module")
async def outputs(
    postgres_server: Postgres,
    template_database: str,
    temporal_server: TemporalServer,
    temporal_client: Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> Outputs:
    """Outputs of every command and request, over one system."""
    steering, folder = Steering(), tmp_path_factory.mktemp("golden")
    async with (
        database(postgres_server, template_database) as url,
        running_system(
            url,
            temporal_client,
            interceptors=[steering],
            payment_decline_above=10_000,
            webhooks_allow_private=True,
            temporal_ui_url="http://web-ui.example:8233",
        ) as system,
        api_of(system.app, temporal_client) as api,
    ):
        shell = shell_for(folder, url, temporal_server)
        environment = {"ORDERS_TASK_QUEUE": system.app.settings.task_queue, "ORDERS_WEBHOOKS_ALLOW_PRIVATE": "true"}
        recording = Recording(system, api, Shell(folder, shell.environment | environment), steering)
        with in_this_process(recording.shell):
            await _orders(recording, folder)
            await _acts(recording)
            await _stock(recording)
            await _webhooks(recording)
            await _reads(recording)
            await _upkeep(recording)
    if golden.RECORD:
        golden.record(recording.outputs)
    return recording.outputs


async def _orders(on: Recording, folder: Path) -> None:
    """Orders of every ending, one after the other so that positions are the same in each run."""
    stock, orders = folder / "stock.csv", folder / "orders.jsonl"
    stock.write_text("sku,name,unitPrice,unitsInStock\nTEA-1,Tea,1500,10\n")
    await on.command("inventory-import", "inventory", "import", str(stock))
    await on.command("inventory-set", "inventory", "set", "TEA-2", "5")
    orders.write_bytes(as_lines(order_data("g-shipped")))
    placed = await on.run("place", str(orders), "--wait")
    await on.system.settled("g-shipped", "shipped")
    orders.write_bytes(
        as_lines(order_data("g-shipped"), order_data("g-bad", quantity=0), order_data("g-short", quantity=11))
    )
    mixed = await on.run("place", str(orders), code=1)
    on.outputs["cli-place.json"] = golden.document([*placed.lines, *mixed.lines])
    await on.system.settled("g-short", "cancelled")
    await on.post("place", "/v1/orders", order_data("g-declined", unit_price=9_000, currency="USD"), 201)
    await on.system.settled("g-declined", "cancelled")


async def _acts(on: Recording) -> None:
    """A person's acts, from either edge."""
    stopped = await on.stopped("g-cancelled")
    await on.command("hold", "hold", "g-cancelled", "--reason", "fraud suspected")
    await on.command("hold-again", "hold", "g-cancelled", "--reason", "another")
    await on.command("retry", "retry", "g-cancelled", "--reason", "a try")
    await on.command("cancel", "cancel", "g-cancelled", "--reason", "fraud proven")
    await on.command("cancel-again", "cancel", "g-cancelled", "--reason", "fraud proven")
    stopped.release.set()
    await on.system.settled("g-cancelled", "cancelled")

    stopped = await on.stopped("g-held")
    await on.post("hold", "/v1/orders/g-held/hold", {"reason": "an odd address"}, 202)
    await on.command("release", "release", "g-held")
    await on.post("retry", "/v1/orders/g-held/retry", {"reason": "a try"}, 202)
    await on.post("release", "/v1/orders/g-held/release", {}, 202)
    await on.post("cancel", "/v1/orders/g-held/cancel", {"reason": "a wish", "by": "customer"}, 202)
    stopped.release.set()
    await on.system.settled("g-held", "cancelled")

    refund = ("refund", "g-shipped", "--amount", "1000", "--reason", "late", "--refund-id", "r1", "--wait")
    await on.command("refund", *refund)
    await on.post("refund", "/v1/orders/g-shipped/refunds", {"reason": "broken", "amount": 500, "refundId": "r2"}, 202)
    await on.system.settled("g-shipped", "shipped")
    await on.command("attention-none", "attention")
    await on.post("unknown-order", "/v1/orders/nobodys/cancel", {"reason": "x"}, 404)
    await on.post("wrong-body", "/v1/orders/g-shipped/refunds", {"amount": "1", "more": 1}, 422)
    await on.post("not-refundable", "/v1/orders/g-shipped/refunds", {"amount": 9_999, "reason": "x"}, 409)


async def _stock(on: Recording) -> None:
    """A person's adjustments of stock, from either edge."""
    await on.command("inventory-adjust", "inventory", "adjust", "TEA-2", "-1", "--reason", "broken")
    restock = ("inventory", "restock", "g-shipped", "TEA-1=1", "--refund-id", "r1", "--reason", "unopened")
    await on.command("inventory-restock", *restock)
    await on.command("inventory-adjustments", "inventory", "adjustments", "--limit", "3")
    await on.post("inventory-level", "/v1/inventory/levels", {"sku": "TEA-2", "available": 6, "expect": 4}, 201)
    await on.post(
        "inventory-adjust", "/v1/inventory/adjustments", {"sku": "TEA-2", "change": 1, "reason": "found"}, 201
    )
    again = {"refundId": "r1", "items": [{"sku": "TEA-1", "units": 1}], "reason": "unopened"}
    await on.post("inventory-restock", "/v1/orders/g-shipped/restocks", again, 201)
    await on.post("inventory-changed", "/v1/inventory/levels", {"sku": "TEA-2", "available": 1, "expect": 4}, 409)
    await on.get("inventory-adjustments", "/v1/inventory/adjustments", limit=2)


async def _webhooks(on: Recording) -> None:
    """An endpoint that is disabled, and deliveries to it."""
    endpoint = (
        await on.command("webhooks-add", "webhooks", "add", "http://127.0.0.1:9/hooks?token=1", "--topic", "*")
    )["id"]
    await on.command("webhooks-disable", "webhooks", "disable", endpoint)
    path = f"/v1/webhooks/endpoints/{endpoint}"
    await on.post("webhooks-change", path, {"description": "The warehouse", "topics": ["order.*"]}, 200, "PATCH")
    made = await on.post(
        "webhooks-add", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/", "topics": ["order.paid"]}, 201
    )
    await on.command("webhooks-remove", "webhooks", "remove", made["id"])
    for position in (1, 2):
        await on.system.app.pool.execute(
            "insert into webhooks.deliveries (endpoint_id, position, order_id, event_id, event_type)"
            " values ($1, $2, 'g-shipped', gen_random_uuid(), 'order.placed')",
            endpoint,
            position,
        )
        await on.system.app.deliveries.park(endpoint, position, "for the test")
    await on.command("webhooks-retry", "webhooks", "retry", f"{endpoint}.1")
    await on.post("webhooks-retry", f"/v1/webhooks/deliveries/{endpoint}.2/retry", None, 202)
    await on.system.app.deliveries.park(endpoint, 2, "for the test")
    await on.command("webhooks-rotate", "webhooks", "rotate", endpoint)
    await on.post("webhooks-rotate", f"{path}/rotate", {}, 200)
    await on.command("webhooks-list", "webhooks", "list")
    await on.command("webhooks-show", "webhooks", "show", endpoint)
    await on.command("webhooks-deliveries", "webhooks", "deliveries")
    await on.get("webhooks-endpoints", "/v1/webhooks/endpoints")
    await on.get("webhooks-endpoint", path)
    await on.get("webhooks-deliveries", "/v1/webhooks/deliveries", limit=1)


async def _reads(on: Recording) -> None:
    """Reads of existing data, from either edge."""
    await on.quiet()
    for order_id in ("g-shipped", "g-short", "g-declined", "g-cancelled"):
        await on.get(f"order-{order_id}", f"/v1/orders/{order_id}")
        await on.get(f"timeline-{order_id}", f"/v1/orders/{order_id}/timeline")
        await on.command(f"show-{order_id}", "show", order_id)
    await on.command("timeline", "timeline", "g-shipped")
    await on.command("list", "list", "--limit", "2")
    await on.command("list-status", "list", "--status", "cancelled", "--customer", "ALFKI")
    await on.command("customers", "customers")
    await on.command("customer", "customers", "ALFKI")
    await on.command("figures", "figures", "--zone", "Asia/Kathmandu")
    await on.command("inventory-list", "inventory", "list", "--limit", "1")
    for name, path, query in (
        ("orders", "/v1/orders", {"limit": 2}),
        ("orders-period", "/v1/orders", {"placedFrom": "2020-01-01T00:00:00Z", "limit": 1}),
        ("customers", "/v1/customers", {}),
        ("customer", "/v1/customers/ALFKI", {}),
        ("inventory", "/v1/inventory", {"limit": 1}),
        ("summary", "/v1/summary", {}),
        ("figures", "/v1/figures", {"zone": "Asia/Kathmandu"}),
        ("shipping-times", "/v1/figures/shipping-times", {}),
        ("projections", "/v1/projections", {}),
        ("config", "/v1/config", {}),
        ("healthz", "/healthz", {}),
        ("readyz", "/readyz", {}),
    ):
        await on.get(name, path, **query)
    description = await on.api.get("/v1/openapi.json")
    on.outputs["api-openapi.json"] = golden.document(golden.without_sentences(description) | {"info": "INFO"})
    await _streams(on)


async def _streams(on: Recording) -> None:
    """Every event of a stream so far, as the listener reads it."""
    events = await on.system.app.store.read_stream(stream_name("g-shipped"))
    head = await on.system.app.store.head()
    seen = {}
    async with listening(on.api, "/v1/orders/g-shipped/events") as listener:
        seen["order"] = await listener.events(len(events))
    async with listening(on.api, "/v1/events", after=0) as listener:
        seen["all"] = [await listener.next()]
        while len(seen["all"]) < len(await _of_orders(on, head)):
            seen["all"].append(await listener.next())
    for name, received in seen.items():
        on.outputs[f"api-stream-{name}.json"] = golden.document([[each.event, each.id, each.data] for each in received])


async def _of_orders(on: Recording, head: int) -> list[int]:
    page = await on.system.app.store.read_all(after=0, limit=1_000, category="order")
    return [event.position for event in page.events if event.position <= head]


async def _upkeep(on: Recording) -> None:
    """The operator's commands."""
    parts = on.system.app
    events = await parts.store.read_stream(stream_name("g-shipped"))
    await Parking(parts.pool, DISPATCHER).park({events[0].position: "for the test"})
    await on.command("attention", "attention", code=1)
    await on.get("attention", "/v1/attention")
    await on.command("dispatcher-status", "dispatcher", "status")
    await on.command("dispatcher-retry", "dispatcher", "retry", "--all")
    await on.command("projections-status", "projections", "status")
    await on.command("projections-rebuild", "projections", "rebuild", "customer-orders")
    await on.post("projections-rebuild", "/v1/projections/order-dashboard/rebuild", None, 202)
    await until(lambda: _is_rebuilt(on), "the read model is rebuilt", 60)
    await on.get("projections-rebuilt", "/v1/projections")
    await on.quiet()
    await on.command("health", "health")
    await on.command("audit", "audit")
    await on.command("recover", "recover")
    await on.command("migrate", "migrate")
    await on.serving("api", "api")
    await on.serving("worker", "worker", "--role", "webhooks")


async def _is_rebuilt(on: Recording) -> bool:
    readers = (await on.api.get("/v1/projections"))["readers"]
    return all(each["rebuild"] is None or each["rebuild"]["state"] == "done" for each in readers)


async def test_every_output_is_recorded(outputs: Outputs) -> None:
    assert sorted(outputs) == sorted(golden.recorded())


@pytest.mark.parametrize("name", golden.recorded())
async def test_an_output_is_as_recorded(name: str, outputs: Outputs) -> None:
    assert outputs[name] == golden.recorded()[name], "where the change is meant: `make golden`, then read `git diff`"
