"""Orders that need an operator move a gauge by kind, and an unreadable source is marked without stopping the rest."""

from collections.abc import AsyncIterator, Sequence
from typing import get_args

import pytest
from prometheus_client import Metric
from temporalio.client import Client
from temporalio.service import RPCError

from embedded.ports import free_ports
from open_work.attention_list import find_stuck
from open_work.kinds import Kind
from orders.interventions import HoldOrder, RequestRefund
from telemetry import attention_gauge, refresher
from telemetry.attention_gauge import attention_state
from telemetry.process import metrics_served
from telemetry.refresher import Source, StateGauges
from tests.integration.metrics_harness import Scraper
from tests.running_system import RunningSystem, running_system, until
from tests.workflow.steering import Steering


@pytest.fixture
def steering() -> Steering:
    return Steering()


@pytest.fixture
async def system(database_url: str, temporal_client: Client, steering: Steering) -> AsyncIterator[RunningSystem]:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    async with running_system(
        database_url, temporal_client, interceptors=[steering], metrics_address=address
    ) as running:
        await running.stock(TEA_1=10)
        yield running


async def stuck(system: RunningSystem) -> list[str]:
    return sorted(
        each.kind for each in (await find_stuck(system.app.sources(system.client), system.app.settings, 100)).rows
    )


def shown(gauges: Sequence[Metric]) -> dict[str, float]:
    return {sample.labels["kind"]: sample.value for family in gauges for sample in family.samples}


async def test_a_lost_refund_of_a_shipped_order_and_a_held_order_are_counted_by_kind_and_the_other_kinds_are_0(
    system: RunningSystem, steering: Steering
) -> None:
    refunded = await system.place()
    await system.settled(refunded, "shipped")
    steering.refuse("return-payment", "the account is closed")
    await system.handle(refunded, RequestRefund(refunded, "r1", 1000, "late"))
    step = steering.hold_before("charge-payment")
    held = await system.place()
    await step.reached.wait()
    await system.handle(held, HoldOrder(held, "fraud suspected"))
    step.release.set()

    async def both() -> bool:
        return await stuck(system) == ["lost", "onHold"]

    await until(both, "both orders are listed", 60)
    settings = system.app.settings
    async with metrics_served(settings, system.app.sources(system.client), system.client):
        scraper = Scraper(settings.metrics_address or "")
        await scraper.becomes(1, "orders_state_up", "attention")
        found = await scraper.samples("orders_attention")
    assert found == {(kind,): float(kind in ("lost", "onHold")) for kind in get_args(Kind)}


async def test_without_temporal_only_the_kinds_that_the_database_knows_are_shown(
    system: RunningSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(client: Client) -> None:
        return None

    monkeypatch.setattr(attention_gauge, "reachable", away)
    found = await attention_state(system.app.sources(system.client), system.app.settings, system.client)
    assert shown(found) == {
        "parked": 0,
        "holdEnding": 0,
        "disputed": 0,
        "refundFailed": 0,
    }


async def test_a_look_that_takes_long_is_repeated_rarely_and_its_numbers_stay_until_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = Source("attention", _never, every=60, rest=19)
    assert [source.pause(took) for took in (0.5, 10.0)] == [59.5, 190.0]
    gauges = StateGauges(("attention",))
    gauges.took("attention", [Metric("orders_attention", "", "gauge")], pause=200)
    monkeypatch.setattr(refresher, "STALE", 0.0)
    assert "orders_attention" in {family.name for family in gauges.collect()}


async def _never() -> Sequence[Metric]:
    raise AssertionError("not looked at")


@pytest.mark.parametrize("fault", [KeyError("a bug"), RPCError("away", 14, b"")])  # type: ignore[arg-type]
async def test_a_fault_of_one_source_stops_no_other(
    system: RunningSystem, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    async def fails(*_: object) -> list[Metric]:
        raise fault

    monkeypatch.setattr(refresher, "attention_state", fails)
    settings = system.app.settings
    async with metrics_served(settings, system.app.sources(system.client), system.client):
        scraper = Scraper(settings.metrics_address or "")
        await scraper.becomes(1, "orders_state_up", "database")
        assert await scraper.value("orders_state_up", "attention") == 0
        assert await scraper.value("orders_state_on_hold_orders") == 0
