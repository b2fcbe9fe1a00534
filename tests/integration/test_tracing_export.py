"""Exported traces, configured by OpenTelemetry's own variables."""

from collections.abc import Iterator

import pytest

from embedded.ports import free_ports
from tests.integration.cli_harness import Shell, as_lines
from tests.integration.otlp_harness import Collector, collector
from tests.plain_http import plain_http
from tests.running_system import new_id, order_data, until


@pytest.fixture
def collected() -> Iterator[Collector]:
    with collector() as given:
        yield given


async def test_one_trace_goes_from_the_command_through_the_worker_to_the_last_message(
    shell: Shell, collected: Collector
) -> None:
    assert (await shell.orders("inventory", "set", "TEA-1", "10")).code == 0
    order = as_lines(order_data(new_id()))
    async with shell.serving("worker", **collected.environment):
        buyer = Shell(shell.folder, shell.environment | collected.environment | {"OTEL_SERVICE_NAME": "shop"})
        placed = await buyer.orders("place", "-", "--wait", given=order)
        assert placed.code == 0, placed.err
        [root] = [span for service, span in collected.spans if service == "shop" and span.name == "PlaceOrder"]
        assert root.parent_span_id == b""

        async def complete() -> bool:
            return "CompleteWorkflow:notify-shipment" in collected.names(root.trace_id)

        await until(complete, "the last workflow's span has come")
    names = collected.names(root.trace_id)
    assert {"append order.placed", "payment.charge", "shipping.create", "append order.shipped"} <= set(names)
    assert {service for service, _ in collected.spans} == {"shop", "orders"}


async def test_a_request_goes_on_in_the_callers_trace(shell: Shell, collected: Collector) -> None:
    trace_id, order_id = "4bf92f3577b34da6a3ce929d0e0e4736", new_id()
    address = f"127.0.0.1:{free_ports(1)[0]}"
    async with (
        shell.serving("api", ORDERS_API_ADDRESS=address, **collected.environment),
        plain_http(f"http://{address}") as client,
    ):
        headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
        answer = await client.post("/v1/orders", json=order_data(order_id), headers=headers)
        assert answer.status_code == 201, answer.text
        await client.get(f"/v1/orders/{order_id}", headers=headers)
    names = collected.names(bytes.fromhex(trace_id))
    assert {"POST /v1/orders", "PlaceOrder", "append order.placed", "GET /v1/orders/{orderId}"} <= set(names), names
    assert not [name for name in names if order_id in name]


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_TRACES_EXPORTER", "zipkin"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]
)
async def test_what_cannot_be_sent_is_refused_by_name(shell: Shell, variable: str, value: str) -> None:
    environment = shell.environment | {"OTEL_TRACES_EXPORTER": "otlp", variable: value}
    ended = await Shell(shell.folder, environment).orders("list")
    assert ended.code == 1
    assert ended.err.startswith(variable)
    assert len(ended.err.strip().splitlines()) == 1


async def test_a_command_ends_well_where_nobody_takes_its_traces(shell: Shell) -> None:
    unreachable = {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    placed = await Shell(shell.folder, shell.environment | unreachable).orders(
        "place", "-", given=as_lines(order_data(new_id()))
    )
    assert placed.code == 0
    assert "Traceback" not in placed.err
