"""`orders show`: money that is owed, refunded or authorised, and what needs attention."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from application.balances import payment_word
from application.documents import OrderDocument
from cli.show import render_order
from open_work.kinds import Kind, Stuck
from orders.adjustments import AdjustmentAction
from orders.events import Event, OrderPlaced
from orders.evolve import fold
from orders.state import ExistingOrder, NotPlaced
from tests.unit.orders.samples import (
    CONFIRMED,
    HELD,
    PAID,
    PLACED,
    REFUND_REQUESTED,
    REFUNDED,
    RETURNED,
    SHIPPED,
    adjusted,
    an_order,
    cancelled,
    tagged,
)

DONE: tuple[Event, ...] = (PLACED, CONFIRMED, PAID, SHIPPED)


def state(*events: Event) -> ExistingOrder:
    found = fold(events)
    assert not isinstance(found, NotPlaced)
    return found


def shown(*events: Event, authorised: int = 0, stuck: tuple[Stuck, ...] = ()) -> dict[str, str]:
    """The lines of the order's facts, by their name."""
    out = io.StringIO()
    facts = next(render_order(state(*events), 1, authorised, stuck))
    Console(file=out, width=10_000).print(facts)
    lines = [line.strip().partition("  ") for line in out.getvalue().splitlines()]
    return {name.strip(): text.strip() for name, _, text in lines}


def stuck(kind: Kind) -> Stuck:
    return Stuck(kind, "o-1", "paid", "create-shipment", None, "the carrier is down")


def test_an_order_with_nothing_open_has_no_line_about_it() -> None:
    names = shown(*DONE)
    assert names["payment"].startswith("paid (13.00 EUR as ")
    assert not {"owed to the customer", "authorised, not captured", "needs attention", "on hold"} & set(names)


def test_a_requested_refund_is_owed_until_it_is_made_and_the_payment_is_then_partly_refunded() -> None:
    asked, made = replace_amount(REFUND_REQUESTED, 500), replace_amount(RETURNED, 500)
    document = OrderDocument.of(state(*DONE, asked), 5)
    assert shown(*DONE, asked)["owed to the customer"] == "5.00 EUR"
    assert (document.owed, document.refunded, document.payment_state) == (500, 0, "paid")
    later = OrderDocument.of(state(*DONE, asked, made), 6)
    assert (later.owed, later.refunded, later.payment_state) == (0, 500, "paid")
    after = shown(*DONE, asked, made)
    assert after["payment"].startswith("partly refunded (13.00 EUR as ")
    assert "owed to the customer" not in after


def test_a_whole_refund_is_refunded() -> None:
    asked, made = replace_amount(REFUND_REQUESTED, 1300), replace_amount(RETURNED, 1300)
    assert shown(*DONE, asked, made)["payment"].startswith("refunded (")


def replace_amount(event: Event, amount: int) -> Event:
    return event.model_copy(update={"amount": amount})


def test_a_cancelled_orders_payment_is_owed_until_it_has_gone_back() -> None:
    document = OrderDocument.of(state(PLACED, CONFIRMED, PAID, cancelled(1300)), 4)
    assert shown(PLACED, CONFIRMED, PAID, cancelled(1300))["owed to the customer"] == "13.00 EUR"
    assert (document.owed, document.refunded) == (1300, 0)


def test_money_that_is_authorised_and_not_captured_is_shown() -> None:
    assert shown(PLACED, CONFIRMED, authorised=1300)["authorised, not captured"] == "13.00 EUR"


@pytest.mark.parametrize("kind", ["failing", "lost", "stalled"])
def test_failing_stalled_and_lost_work_is_shown_and_a_hold_once(kind: Kind) -> None:
    facts = shown(PLACED, CONFIRMED, PAID, HELD, stuck=(stuck(kind), replace(stuck("onHold"), error="odd")))
    assert facts["needs attention"] == f"{kind}: create-shipment: the carrier is down"
    assert "on hold" in facts
    assert "odd" not in str(facts)


@pytest.mark.parametrize(
    ("payment_state", "refunded", "word"),
    [("none", 0, "none"), ("paid", 0, "paid"), ("paid", 1, "partly refunded"), ("refunded", 1300, "refunded")],
)
def test_the_word_for_a_payment(payment_state: str, refunded: int, word: str) -> None:
    assert payment_word(payment_state, refunded) == word


def test_tags_and_metadata_are_shown_where_there_are_any() -> None:
    placed = OrderPlaced.of(an_order(metadata={"channel": "web", "campaign": "[bold]x"}))
    facts = shown(placed, tagged("vip"), tagged("gift"))
    assert facts["tags"] == "vip, gift"
    assert (facts["metadata"], facts["campaign: [bold]x"]) == ("channel: web", "")
    assert not {"tags", "metadata"} & set(shown(PLACED))


def test_changes_at_the_provider_are_listed_with_their_sum() -> None:
    changed = (
        adjusted("refunded", status="paid"),
        adjusted("disputed", 1300, returned=0, reference="dp-1", status="paid"),
    )
    lines = shown(*DONE[:-1], *changed)
    assert lines["at the provider"] == "3.00 EUR was refunded at the provider as re-1"
    assert "the customer disputes 13.00 EUR as dp-1" in lines
    assert "3.00 EUR returned by these" in lines
    assert lines["payment"].startswith("partly refunded")


@pytest.mark.parametrize(("change", "rest"), [(("refunded", 300), 1000), (("released", 1300), 0)])
def test_a_cancelled_order_has_refunded_all_of_its_payment_whoever_returned_a_part(
    change: tuple[AdjustmentAction, int], rest: int
) -> None:
    action, amount = change
    refund = replace_amount(REFUNDED, rest)
    document = OrderDocument.of(
        state(*DONE[:-1], adjusted(action, amount, status="paid"), cancelled(1300, amount), refund), 6
    )
    assert (document.refunded, document.owed, document.payment_state) == (1300, 0, "refunded")
