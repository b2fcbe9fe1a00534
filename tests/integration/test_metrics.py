"""Metrics of a running system, and absent metrics of unknown state."""

import socket
import time
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from temporalio.client import Client

from eventstore.errors import WrongExpectedVersion
from orders.interventions import HoldOrder
from settings import Settings, SettingsError, load_settings
from telemetry.process import metrics_served
from telemetry.refresher import StateGauges
from telemetry.state import database_state
from tests.integration.metrics_harness import Scraper, measured_system
from tests.running_system import RunningSystem
from tests.workflow.steering import Steering

Measured = tuple[RunningSystem, Scraper]


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def measured(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[Measured]:
    async with measured_system(
        database_url, temporal_client, interceptors=[steering], shipping_unavailable_above=100
    ) as running:
        await running[0].stock(TEA_1=10)
        yield running


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_a_shipped_order_is_counted_with_its_steps_appends_and_starts(measured: Measured) -> None:
    system, scraper = measured
    before = await scraper.value("orders_append_seconds_count") or 0.0
    steps = await scraper.samples("orders_step_seconds_count")
    starts = await scraper.samples("orders_dispatcher_starts_total")
    latencies = await scraper.value("orders_dispatch_latency_seconds_count") or 0.0
    order_id = await system.place()
    await system.settled(order_id, "shipped")

    assert await scraper.value("orders_append_seconds_count") == before + 6  # four of the order, one in each topic
    after = await scraper.samples("orders_step_seconds_count")
    done = {step: count - steps.get((step,), 0) for (step,), count in after.items()}
    assert {step: count for step, count in done.items() if count} == {
        "check-inventory": 1,
        "confirm": 1,
        "read-order": 1,
        "charge-payment": 1,
        "record-payment": 1,
        "reserve-inventory": 1,
        "create-shipment": 1,
        "record-shipment": 1,
        "publish": 2,
    }
    started = await scraper.samples("orders_dispatcher_starts_total")
    for workflow in ("validate-order", "fulfill-order", "notify-shipment"):
        assert started[(workflow,)] == starts.get((workflow,), 0) + 1
    assert await scraper.value("orders_dispatch_latency_seconds_count") == latencies + 3
    await scraper.becomes(1, "orders_state_orders", "shipped")
    await scraper.becomes(0, "orders_reader_lag_events", "dispatcher")
    assert await scraper.value("orders_state_orders", "paid") == 0
    assert await scraper.value("orders_state_oldest_seconds", "placed") == 0
    assert order_id not in await scraper.page()


async def test_every_reader_has_its_owner_here(measured: Measured) -> None:
    _, scraper = measured
    for reader in ("dispatcher", "order-dashboard", "customer-orders"):
        await scraper.becomes(1, "orders_reader_owned", reader)
    pool = await scraper.samples("orders_pool_connections")
    assert pool[("idle",)] + pool[("used",)] >= 1
    assert await scraper.value("orders_pool_size_limit") == 20
    assert len(await scraper.samples("orders_build_info")) == 1


async def test_an_open_order_has_an_age_until_it_is_held(measured: Measured, steering: Steering) -> None:
    system, scraper = measured
    held = steering.hold_before("charge-payment")
    order_id = await system.place()
    await held.reached.wait()
    await scraper.becomes(1, "orders_state_orders", "confirmed")
    age = await scraper.value("orders_state_oldest_seconds", "confirmed")
    assert age is not None
    assert 0 < age < 60

    await system.handle(order_id, HoldOrder(order_id, "fraud suspected"))
    await scraper.becomes(1, "orders_state_on_hold_orders")
    newest = await scraper.value("orders_state_newest_order_seconds")
    assert newest is not None
    assert 0 < newest < 60
    assert await scraper.value("orders_state_oldest_seconds", "confirmed") == 0
    held.release.set()


async def test_a_failing_compensation_is_seen_with_the_money_owed_and_is_gone_when_it_is_done(
    measured: Measured, steering: Steering
) -> None:
    system, scraper = measured
    failures = await scraper.value("orders_step_failures_total", "Down", "refund-payment") or 0.0
    steering.failing.add("refund-payment")
    await system.stock(TEA_1=500)
    order_id = await system.place(quantity=101, unit_price=1)
    await system.needs_attention(order_id)
    await scraper.becomes(1, "orders_state_attention_orders")
    await scraper.becomes(1, "orders_state_compensating_orders")
    await scraper.becomes(1, "orders_state_compensations_failing_orders")
    await scraper.becomes(1, "orders_state_owed_orders")
    assert await scraper.value("orders_state_owed_minor_units", "EUR") == 101
    owed_for = await scraper.value("orders_state_owed_oldest_seconds")
    assert owed_for is not None
    assert owed_for > 0
    failed = await scraper.value("orders_step_failures_total", "Down", "refund-payment")
    assert failed is not None
    assert failed >= failures + 6  # a round of attempts
    assert await scraper.value("orders_step_refusals_total", "ShippingUnavailable", "create-shipment")

    steering.failing.clear()
    await system.settled(order_id, "cancelled", seconds=60)
    await scraper.becomes(0, "orders_state_attention_orders")
    await scraper.becomes(0, "orders_state_compensating_orders")
    await scraper.becomes(0, "orders_state_compensations_failing_orders")
    await scraper.becomes(0, "orders_state_owed_orders")
    await scraper.becomes(None, "orders_state_owed_minor_units", "EUR")
    assert await scraper.value("orders_compensations_in_progress", "refund-payment") == 0


async def test_a_parked_event_is_counted_by_the_reader_that_parked_it(measured: Measured) -> None:
    system, scraper = measured
    park = "insert into eventstore.parked (consumer, position, reason) values ('customer-orders', 1, 'for the test')"
    await scraper.becomes(0, "orders_state_parked_events", "customer-orders")
    await system.app.pool.execute(park)
    await scraper.becomes(1, "orders_state_parked_events", "customer-orders")
    assert await scraper.value("orders_state_parked_events", "dispatcher") == 0


async def test_a_lost_race_between_appends_is_a_conflict(measured: Measured) -> None:
    system, scraper = measured
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    before = await scraper.value("orders_append_conflicts_total")
    assert before is not None
    [first] = await system.app.store.read_stream(f"order-{order_id}", limit=1)
    event = system.app.codec.encode(system.app.codec.decode(first), id=uuid.uuid4(), metadata={})
    with pytest.raises(WrongExpectedVersion):
        await system.app.store.append(f"order-{order_id}", [event], expected=1)
    assert await scraper.value("orders_append_conflicts_total") == before + 1


async def test_gauges_of_a_source_that_is_away_are_gone_and_it_is_said_since_when(
    measured: Measured, owner: asyncpg.Connection
) -> None:
    _, scraper = measured
    await scraper.becomes(1, "orders_state_up", "database")
    await scraper.becomes(1, "orders_state_up", "temporal")
    await owner.execute("alter table projections.order_dashboard rename to gone")
    await scraper.becomes(0, "orders_state_up", "database", seconds=20)  # before the figures are stale
    page = await scraper.page()
    assert "orders_state_orders" not in page
    assert "orders_state_attention_orders" in page
    known = await scraper.value("orders_state_refreshed_timestamp_seconds", "database")
    assert known is not None
    assert time.time() - 60 < known < time.time()

    await owner.execute("alter table projections.gone rename to order_dashboard")
    await scraper.becomes(1, "orders_state_up", "database")
    assert "orders_state_orders" in await scraper.page()


async def test_a_number_that_nothing_has_replaced_for_long_is_not_shown(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, _ = measured
    gauges = StateGauges(("database",))
    async with system.app.pool.acquire() as connection:
        gauges.took("database", await database_state(connection))  # type: ignore[arg-type] # a proxy of it
    assert "orders_state_orders" in {family.name for family in gauges.collect()}
    monkeypatch.setattr("telemetry.refresher.STALE", 0.0)
    assert {family.name for family in gauges.collect()} == {
        "orders_state_up",
        "orders_state_refreshed_timestamp_seconds",
    }


async def test_an_address_that_is_taken_is_one_sentence(measured: Measured, temporal_client: Client) -> None:
    system, _ = measured
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        settings = Settings(metrics_address=address)
        with pytest.raises(
            SettingsError, match=rf"^ORDERS_METRICS_ADDRESS: cannot listen on {address}: Address already"
        ):
            async with metrics_served(settings, system.app.sources(temporal_client), temporal_client):
                pass


@pytest.mark.parametrize("name", ["ORDERS_METRICS_ADDRESS", "ORDERS_TEMPORAL_METRICS_ADDRESS"])
@pytest.mark.parametrize("address", ["9464", "nowhere", "host:port", ":9464", "127.0.0.1:70000"])
def test_what_is_no_address_is_refused_by_name(name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingsError, match=rf"^{name}: .*must be like 127.0.0.1:9464"):
        load_settings()
