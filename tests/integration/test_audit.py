"""Each check of the audit, with exactly the corruption that it must find."""

from collections.abc import AsyncIterator

import asyncpg
import orjson
import pytest

from activities.shipping import label_key
from audit.report import CLAIMS, LABELS, MESSAGES, MONEY, READ_MODELS, STOCK, STREAMS
from gateways.payments import RefundRequest
from orders.events import OrderPlaced, OrderShipped
from orders.names import charge_key
from projections import PROJECTIONS
from tests.integration.audit_harness import SKU, TOTAL, UNITS, Books, opened_books

ORDER = "o-1"


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Books]:
    async with opened_books(database_url, pool) as opened:
        yield opened


async def test_the_books_hold_when_orders_of_every_kind_ended_well(books: Books) -> None:
    await books.shipped("o-1")
    await books.out_of_stock("o-2")
    await books.compensated("o-3")
    await books.project()
    report = await books.audit()
    assert report.findings == []
    assert report.holds
    assert report.checks[STREAMS].numbers == {"orders": 3, "events": 4 + 2 + 5}
    assert report.checks[MESSAGES].numbers == {"notifications.shipment": 1, "analytics.revenue": 1}
    assert report.checks[MONEY].notes == ["60.00 EUR charged, 30.00 EUR returned"]


async def test_the_books_hold_when_there_is_nothing_in_them(books: Books) -> None:
    assert await books.found() == []


async def test_the_report_as_json_has_every_check_and_every_finding(books: Books) -> None:
    await books.shipped(ORDER)
    await books.charge("ghost")
    await books.project()
    document = (await books.audit()).as_json()
    assert [each["check"] for each in document["checks"] if not each["holds"]] == [MONEY]
    assert [each["check"] for each in document["checks"]] == list(CLAIMS)
    problem = "was charged 30.00 EUR, and no such order was ever placed"
    assert document["findings"] == [{"check": MONEY, "subject": "ghost", "problem": problem}]
    assert document["holds"] is False


# Streams


async def test_an_event_of_an_unknown_type_in_an_order_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    await books.append_raw(f"order-{ORDER}", "order.exploded", {"orderId": ORDER})
    position = await books.app.store.head()
    assert await books.found() == [
        (STREAMS, ORDER),
        *((READ_MODELS, f"{each.name}@{position}") for each in PROJECTIONS),
    ]


async def test_an_event_where_it_cannot_follow_is_found(books: Books) -> None:
    order = await books.place(ORDER)
    shipped = OrderShipped(
        order_id=ORDER,
        customer_id=order.customer_id,
        shipment_id="s",
        tracking_number="t",
        carrier="c",
        amount=TOTAL,
        currency="EUR",
    )
    await books.append(f"order-{ORDER}", shipped)
    assert await books.found() == [(STREAMS, ORDER)]


async def test_an_event_that_has_vanished_from_a_stream_is_found(books: Books) -> None:
    await books.compensated(ORDER)
    await books.change_log("delete from eventstore.events where type = 'order.refunded'")
    assert await books.found() == [(STREAMS, ORDER)]


async def test_a_stream_that_has_lost_all_its_events_is_found(books: Books) -> None:
    await books.place(ORDER)
    await books.change_log("delete from eventstore.events")
    assert await books.found() == [(STREAMS, ORDER)]


async def test_the_events_of_one_order_in_the_stream_of_another_are_found(books: Books) -> None:
    order = await books.place(ORDER)
    await books.cancel(ORDER)
    await books.append("order-o-2", OrderPlaced.of(order.model_copy(update={"order_id": "o-3"})))
    assert await books.found() == [(STREAMS, "o-2")]


# Money


async def test_a_shipped_order_whose_money_went_back_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    charge = await books.app.payments.find(charge_key(ORDER))
    assert charge is not None
    await books.app.payments.refund(RefundRequest("r", charge.payment_id, 1, "EUR", "goodwill"))
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_shipped_order_that_was_charged_twice_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    await books.charge(ORDER, key="again")
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_shipped_order_that_was_charged_in_another_currency_too_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    await books.charge(ORDER, key="again", currency="USD")
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_cancelled_order_whose_money_was_kept_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.cancel(ORDER)
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_charge_that_its_cancelled_order_never_recorded_is_found(books: Books) -> None:
    await books.place(ORDER)
    await books.confirm(ORDER)
    await books.charge(ORDER)
    await books.cancel(ORDER)
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_refund_that_its_order_never_recorded_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.cancel(ORDER)
    await books.give_back(ORDER)
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_recorded_payment_of_another_amount_than_the_gateways_is_found(books: Books) -> None:
    await books.compensated(ORDER)
    await books.owner.execute("update simulated.charges set amount = amount + 1, refunded_amount = refunded_amount + 1")
    await books.owner.execute("update simulated.refunds set amount = amount + 1")
    await books.project()
    await books.passed_by_dispatcher()
    findings = (await books.audit()).findings
    assert [(each.check, each.problem) for each in findings] == [
        (MONEY, "records a payment of 30.00 EUR, and the gateway charged 30.01 EUR"),
        (MONEY, "records refunds of 30.00 EUR, and the gateway returned 30.01 EUR"),
    ]


async def test_a_charge_for_an_order_that_does_not_exist_is_found(books: Books) -> None:
    await books.charge("ghost")
    assert await books.found() == [(MONEY, "ghost")]


# Labels


async def test_a_shipped_order_without_a_live_label_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    await books.app.shipping.void(label_key(ORDER), "mistake")
    assert await books.found() == [(LABELS, ORDER)]


async def test_a_shipped_order_with_two_live_labels_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    await books.buy_label(ORDER, key="again")
    assert await books.found() == [(LABELS, ORDER)]


async def test_a_cancelled_order_with_a_live_label_is_found(books: Books) -> None:
    await books.compensated(ORDER)
    await books.buy_label(ORDER)
    assert await books.found() == [(LABELS, ORDER)]


async def test_a_label_for_an_order_that_does_not_exist_is_found(books: Books) -> None:
    await books.buy_label("ghost")
    assert await books.found() == [(LABELS, "ghost")]


# Stock


@pytest.mark.parametrize("column", ["available", "reserved"])
async def test_a_stock_level_that_does_not_follow_from_its_logs_is_found(books: Books, column: str) -> None:
    await books.shipped(ORDER)
    await books.owner.execute(f"update inventory.stock set {column} = {column} + 1")
    assert await books.found() == [(STOCK, SKU)]


async def test_a_shipped_order_that_took_nothing_out_of_stock_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.record_shipment(await books.buy_label(ORDER))
    await books.publish(ORDER)
    assert await books.found() == [(STOCK, ORDER)]


async def test_a_shipped_order_that_took_other_quantities_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.reserve(ORDER, UNITS + 1)
    await books.record_shipment(await books.buy_label(ORDER))
    await books.publish(ORDER)
    assert await books.found() == [(STOCK, ORDER)]


async def test_a_cancelled_order_that_still_holds_goods_is_found(books: Books) -> None:
    await books.out_of_stock(ORDER)
    await books.reserve(ORDER)
    assert await books.found() == [(STOCK, ORDER)]


async def test_goods_held_for_an_order_that_does_not_exist_are_found(books: Books) -> None:
    await books.reserve("ghost")
    assert await books.found() == [(STOCK, "ghost")]


# Messages


async def test_a_shipped_order_that_others_were_never_told_of_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.reserve(ORDER)
    await books.record_shipment(await books.buy_label(ORDER))
    assert await books.found() == [(MESSAGES, ORDER)]


async def test_a_message_that_was_published_twice_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    [message] = await books.app.store.read_stream("analytics.revenue")
    await books.append_raw("analytics.revenue", "analytics.revenue", message.data)
    assert await books.found() == [(MESSAGES, ORDER)]


@pytest.mark.parametrize("subject", ["o-2", "ghost"])
async def test_a_message_of_an_order_that_is_not_shipped_or_not_there_is_found(books: Books, subject: str) -> None:
    await books.out_of_stock("o-2")
    await books.append_raw("notifications.shipment", "notifications.shipment", {"subject": subject})
    assert await books.found() == [(MESSAGES, subject)]


async def test_a_message_that_says_something_else_than_its_shipment_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    changed = orjson.dumps({"amount": TOTAL - 1}).decode()
    await books.change_log(
        "update eventstore.events set data = jsonb_set(data, '{data}', data -> 'data' || $1::jsonb) "
        "where type = 'analytics.revenue'",
        changed,
    )
    assert await books.found() == [(MESSAGES, ORDER)]
