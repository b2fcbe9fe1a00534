"""Commands that change nothing unless the state is the one that the person has seen."""

from collections.abc import AsyncIterator

import pytest

from bootstrap import App
from orders.commands import ConfirmOrder, RecordPayment, RecordShipment
from orders.ids import stream_name
from orders.interventions import RequestRefund
from tests.integration.cli_harness import Shell, application, as_lines
from tests.running_system import new_id, order_data


@pytest.fixture
async def app(shell: Shell) -> AsyncIterator[App]:
    """The application on the shell's database."""
    async with application(shell) as opened:
        yield opened


async def test_an_act_on_another_version_is_refused_with_the_present_one(shell: Shell) -> None:
    assert (await shell.orders("place", "-", given=as_lines(order_data("a")))).code == 0
    assert (await shell.orders("hold", "a", "--reason", "fraud suspected", "--expect", "1")).code == 0
    refusal = "order a is at version 2, placed, not 1: nothing changed\n"
    for command in (
        ("release", "a"),
        ("cancel", "a", "--reason", "x"),
        ("retry", "a", "--reason", "x"),
        ("hold", "a", "--reason", "x"),
        ("refund", "a", "--reason", "x", "--amount", "1"),
    ):
        ended = await shell.orders(*command, "--expect", "1")
        assert (ended.code, ended.out, ended.err) == (1, "", refusal), command
    assert (await shell.orders("release", "a", "--expect", "2")).out == "order a is released, goes on from placed\n"


async def test_a_sign_means_a_change_and_a_level_has_none(shell: Shell) -> None:
    assert (await shell.orders("inventory", "set", "Q", "11", "--reason", "counted")).code == 0
    refused = await shell.orders("inventory", "set", "Q", "+1")
    assert (refused.code, refused.out) == (2, "")
    assert "without a sign" in refused.err
    assert "with a sign" in (await shell.orders("inventory", "adjust", "Q", "1", "--reason", "x")).err
    more = await shell.orders("inventory", "adjust", "Q", "+1", "--reason", "found", "--json")
    assert (more.document["before"], more.document["after"]) == (11, 12)
    less = await shell.orders("inventory", "adjust", "Q", "-13", "--reason", "broken")
    assert (less.code, less.err) == (1, "Q has 12 units available: -13 would lead below zero; nothing was changed\n")
    assert (await shell.orders("inventory", "adjust", "Q", "-2", "--reason", "broken", "--expect", "12")).code == 0
    for command in (("set", "Q", "20"), ("adjust", "Q", "+1", "--reason", "x")):
        stale = await shell.orders("inventory", *command, "--expect", "12")
        assert (stale.code, stale.err) == (1, "Q has 10 units available, not 12: nothing was changed\n")
    listed = (await shell.orders("inventory", "adjustments", "--sku", "Q", "--limit", "2", "--json")).document
    assert [(each["kind"], each["change"], each["reason"]) for each in listed["adjustments"]] == [
        ("adjust", -2, "broken"),
        ("adjust", 1, "found"),
    ]
    rest = await shell.orders("inventory", "adjustments", "--sku", "Q", "--after", str(listed["after"]))
    assert "counted" in rest.out
    assert "cli:" in rest.out


async def test_a_change_beyond_the_largest_number_of_units_is_refused_with_the_reason(shell: Shell) -> None:
    assert (await shell.orders("inventory", "set", "Q", "2")).code == 0
    more = await shell.orders("inventory", "adjust", "Q", f"+{2**63 - 1}", "--reason", "x")
    largest = "above 9,223,372,036,854,775,807, the largest number of units"
    assert (more.code, largest in more.err) == (1, True), more.err


async def test_returned_goods_go_back_into_stock_once(shell: Shell, app: App) -> None:
    assert (await shell.orders("inventory", "set", "TEA-1", "10")).code == 0
    assert (await shell.orders("place", "-", given=as_lines(order_data("a")))).code == 0
    restock = ("inventory", "restock", "a", "TEA-1=2", "--refund-id", "r1", "--reason", "returned")
    early = await shell.orders(*restock)
    assert (early.code, early.err) == (1, "order a has no units to restock before it has shipped: it is placed\n")
    await app.stock.reserve("a", {"TEA-1": 2})
    for command in (
        ConfirmOrder("a"),
        RecordPayment("a", "pay-a", 3000, "EUR"),
        RecordShipment("a", "ship-a", "T-a", "post"),
        RequestRefund("a", "r1", 3000, "returned"),
    ):
        await app.orders.handle(stream_name("a"), command, command_id=new_id(), metadata={})
    assert (await shell.orders(*restock)).out.startswith("order a: units are back in stock\n")
    assert (await shell.orders(*restock)).out.startswith("order a: units were back in stock already\n")
    again = (await shell.orders(*restock, "--json")).document
    assert (again["changed"], again["adjustments"][0]["after"]) == (False, 10)
    [restock_of_a] = (await shell.orders("timeline", "a", "--json")).document["restocks"]
    assert (restock_of_a["sku"], restock_of_a["units"], restock_of_a["refundId"]) == ("TEA-1", 2, "r1")
    assert restock_of_a["actor"].startswith("cli:")
    other = await shell.orders("inventory", "restock", "a", "TEA-1=1", "--refund-id", "r1", "--reason", "x")
    assert (other.code, other.err) == (1, "for refund r1 of order a other units went back into stock before\n")
    assert [level.available for level in await app.stock.list()] == [10]
