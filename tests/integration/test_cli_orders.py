"""Every command over a running system, for people and as JSON."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap import App
from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.postgres import Postgres
from embedded.temporal import TemporalServer
from eventstore.command_handler import event_id
from eventstore.model import NO_STREAM, NewEvent
from eventstore.parking import Parking
from orders.ids import stream_name
from projections import PROJECTIONS
from tests.integration.cli_harness import UI_URL, Ended, Shell, application, as_lines, both, database, shell_for
from tests.running_system import new_id, order_data, until

SHORT_RUNS, AT_ONCE = 20, 4
NAMES = [each.name for each in PROJECTIONS]


@pytest.fixture(scope="module")
async def shell(
    postgres_server: Postgres,
    template_database: str,
    temporal_server: TemporalServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Shell]:
    """A shell beside a running `orders worker`, with tea in stock."""
    async with database(postgres_server, template_database) as url:
        shell = shell_for(tmp_path_factory.mktemp("cli"), url, temporal_server)
        async with shell.serving("worker"):
            assert (await shell.orders("inventory", "set", "TEA-1", "1000")).code == 0
            yield shell


@pytest.fixture(scope="module")
async def app(shell: Shell) -> AsyncIterator[App]:
    async with application(shell) as opened:
        yield opened


@pytest.fixture(scope="module")
async def shipped(shell: Shell) -> str:
    """The id of an order that has shipped."""
    order_id = new_id()
    order = order_data(order_id, paymentMethod="pm_card_visa")
    placed = await shell.orders("place", "-", "--wait", given=as_lines(order))
    assert (placed.code, placed.out) == (0, "placed 1, already there 0, refused 0, shipped 1, cancelled 0, open 0\n")
    return order_id


async def test_show_prints_the_order_from_its_stream(shell: Shell, shipped: str) -> None:
    text, document = await both(shell, "show", shipped)
    for part in (shipped, "shipped", "30.00 EUR", "15.00 EUR", "Obere Str. 57", "12209 Berlin", "Tea", "pm_card_visa"):
        assert part in text
    assert document["status"] == "shipped"
    assert document["payment"]["amount"] == document["total"] == 3000
    assert document["shippingAddress"]["city"] == "Berlin"
    assert document["paymentMethod"] == "pm_card_visa"


async def test_timeline_prints_events_with_their_causes_and_workflows_with_links(shell: Shell, shipped: str) -> None:
    text, document = await both(shell, "timeline", shipped)
    assert [event["type"] for event in document["events"]] == [
        "order.placed",
        "order.confirmed",
        "order.paid",
        "order.shipped",
    ]
    assert "#1 order.placed" in text
    assert document["events"][0]["actor"].startswith("cli:")
    assert document["events"][1]["causationId"] == document["events"][0]["id"]
    assert len({event["correlationId"] for event in document["events"]}) == 1
    statuses = {view["type"]: view["status"] for view in document["workflows"]}
    assert set(statuses) == {"validate-order", "fulfill-order", "notify-shipment"}
    assert statuses["validate-order"] == "completed"
    assert document["workflows"][0]["url"] in text
    assert f"{UI_URL}/namespaces/default/workflows/validate-order-{shipped}/" in text


async def test_timeline_prints_the_events_although_temporal_is_away(shell: Shell, shipped: str) -> None:
    away = await shell.orders("timeline", shipped, TEMPORAL_ADDRESS="localhost:1")
    assert away.code == 0
    assert "shipped" in away.out
    assert away.err == "without workflows: Temporal does not answer at localhost:1\n"
    document = await shell.orders("show", shipped, "--json", TEMPORAL_ADDRESS="localhost:1")
    assert (document.code, document.err) == (0, away.err)
    assert (document.document["status"], document.document["complete"]) == ("shipped", False)


async def test_a_short_command_with_a_temporal_client_never_crashes_at_its_end(shell: Shell, shipped: str) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def once() -> Ended:
        async with free:
            return await shell.orders("timeline", shipped)

    ended = await asyncio.gather(*(once() for _ in range(SHORT_RUNS)))
    assert [each.code for each in ended] == [0] * SHORT_RUNS


async def test_list_filters_and_goes_on_where_a_page_ended(shell: Shell, shipped: str) -> None:
    first, second = order_data(new_id(), customerId="PAGED"), order_data(new_id(), customerId="PAGED")
    assert (await shell.orders("place", "-", "--wait", given=as_lines(first, second))).code == 0
    page = (await shell.orders("list", "--customer", "PAGED", "--limit", "1", "--json")).document
    shown = [row["orderId"] for row in page["orders"]]
    rest = await shell.orders("list", "--customer", "PAGED", "--after", str(page["after"]), "--json")
    shown += [row["orderId"] for row in rest.document["orders"]]
    assert len(shown) == 2
    assert set(shown) == {first["orderId"], second["orderId"]}  # lines are placed concurrently, in any order
    assert rest.document["after"] is None
    text, document = await both(shell, "list", "--status", "shipped")
    assert shipped in text
    assert {row["status"] for row in document["orders"]} == {"shipped"}


async def test_list_for_people_says_how_to_go_on(shell: Shell, shipped: str) -> None:
    other = order_data(new_id())
    assert (await shell.orders("place", "-", "--wait", given=as_lines(other))).code == 0
    assert "more: --after " in (await shell.orders("list", "--limit", "1")).err


async def test_customers_prints_all_of_them_or_one(shell: Shell, shipped: str) -> None:
    text, document = await both(shell, "customers", "ALFKI")
    assert [row["customerId"] for row in document["customers"]] == ["ALFKI"]
    assert document["customers"][0]["shippedCount"] >= 1
    assert "EUR" in text
    page = (await shell.orders("customers", "--limit", "1", "--json")).document
    assert [row["customerId"] for row in page["customers"]] == ["ALFKI"]
    missing = await shell.orders("customers", "NOBODY")
    assert (missing.code, missing.err) == (1, "there is no order of customer NOBODY\n")


async def test_figures_name_their_zone_which_is_the_machines_unless_given(shell: Shell, shipped: str) -> None:
    found = await shell.orders("figures", "--zone", "Asia/Kathmandu")
    assert "days in Asia/Kathmandu, from " in found.out
    document = (await shell.orders("figures", "--zone", "Asia/Kathmandu", "--json")).document
    [currency] = document["days"][-1]["currencies"]
    assert currency["shipped"] >= 1
    assert f"{currency['shipped']:,}: " in found.out
    at_home = replace(shell, environment={**shell.environment, "TZ": "America/St_Johns"})
    assert (await at_home.orders("figures", "--json")).document["zone"] == "America/St_Johns"
    for option, value in (("--zone", "Mars"), ("--from", "2999-01-01"), ("--from", "yesterday")):
        refused = await shell.orders("figures", option, value)
        assert (refused.code, refused.out) == (2, "")
        assert option in refused.err


async def test_cancel_undoes_an_order_that_waits_and_a_second_one_changes_nothing(shell: Shell, app: App) -> None:
    order_id = new_id()
    # Out of stock: validation cancels the order before a person does.
    lacking = as_lines(order_data(order_id, sku="NONE-1"))
    assert (await shell.orders("place", "-", "--wait", given=lacking)).out.endswith("cancelled 1, open 0\n")
    again = await shell.orders("cancel", order_id, "--reason", "changed my mind")
    assert (again.code, again.out) == (
        0,
        f"order {order_id} was cancelled already (Unknown SKU: NONE-1, by validation)\n",
    )
    document = (await shell.orders("cancel", order_id, "--reason", "again", "--json")).document
    assert (document["cancelled"], document["reason"]) == (False, "Unknown SKU: NONE-1")
    assert "short of NONE-1 (0 of 2)" in (await shell.orders("show", order_id)).out


async def test_cancel_of_a_shipped_order_is_refused_with_the_reason(shell: Shell, shipped: str) -> None:
    refused = await shell.orders("cancel", shipped, "--reason", "too late", "--by", "customer")
    assert refused.code == 1
    remedy = f"refund it instead: `orders refund {shipped} --amount … --reason …`"
    assert refused.err == f"order {shipped} can no longer be cancelled: it is shipped, {remedy}\n"
    assert refused.out == ""


async def test_projections_tell_where_they_stand_and_are_rebuilt(shell: Shell, shipped: str) -> None:
    text, document = await both(shell, "projections", "status")
    assert [each["name"] for each in document["projections"]] == NAMES
    assert "order-dashboard" in text
    rebuilt = await shell.orders("projections", "rebuild", "customer-orders", "--json")
    assert rebuilt.document["projection"] == "customer-orders"
    assert rebuilt.document["position"] > 0
    everything = await shell.orders("projections", "rebuild", "--json")
    assert [each["projection"] for each in everything.document["projections"]] == NAMES
    assert (await shell.orders("customers", "ALFKI", "--json")).document["customers"][0]["shippedCount"] >= 1


async def test_a_parked_event_is_shown_with_its_reason_and_dispatched_by_a_retry(
    shell: Shell, app: App, shipped: str
) -> None:
    [good] = await app.store.read_stream(stream_name(shipped), limit=1)
    await Parking(app.pool, DISPATCHER).park({good.position: "put aside by hand"})
    poison = NewEvent(event_id(new_id(), 0), "order.placed", {"orderId": "poison", "customerId": "\u202eX"})
    appended = await app.store.append(stream_name(f"poison-{new_id()}"), [poison], expected=NO_STREAM)

    async def both_parked() -> bool:
        return len(await Parking(app.pool, DISPATCHER).all()) == 2

    await until(both_parked, "the poison event is parked")
    text, document = await both(shell, "dispatcher", "status")
    assert [event["position"] for event in document["events"]] == [good.position, appended.last_position]
    assert "put aside by hand" in text
    dispatched = await shell.orders("dispatcher", "retry", str(good.position))
    assert (dispatched.code, dispatched.out) == (0, "dispatched 1, still parked 0\n")
    stays = await shell.orders("dispatcher", "retry", "--all", "--json")
    assert stays.code == 1
    assert stays.document["dispatched"] == 0
    assert [event["position"] for event in stays.document["parked"]] == [appended.last_position]
    unknown = await shell.orders("dispatcher", "retry", str(good.position))
    assert (unknown.code, unknown.err) == (1, f"no event is parked at position {good.position}\n")


async def test_health_looks_at_every_part(shell: Shell, shipped: str) -> None:
    text, document = await both(shell, "health")
    assert document["ok"]
    names = {check["name"] for check in document["checks"]}
    assert names == {
        "database",
        "migrations",
        "rights",
        "writes",
        "dispatcher",
        *NAMES,
        "webhooks",
        "temporal",
    }
    assert "not ok" not in text
    away = await shell.orders("health", "--json", TEMPORAL_ADDRESS="localhost:1")
    assert away.code == 1
    assert [check["name"] for check in away.document["checks"] if not check["ok"]] == ["temporal"]


async def test_migrate_a_second_time_has_nothing_to_apply(shell: Shell) -> None:
    text, document = await both(shell, "migrate")
    assert (text, document) == ("nothing to apply\n", {"applied": []})


async def test_wait_counts_what_was_there_already(shell: Shell, shipped: str, tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(as_lines(order_data(shipped, paymentMethod="pm_card_visa"), order_data(new_id())))
    ended = await shell.orders("place", str(file), "--wait", "--json")
    assert ended.lines[-1] == {
        "summary": {"placed": 1, "alreadyPlaced": 1, "refused": 0, "shipped": 2, "cancelled": 0, "open": 0}
    }
    assert [json.dumps(line)[:9] for line in ended.lines[:-1]] == ['{"line": ', '{"line": ']
