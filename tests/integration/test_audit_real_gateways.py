"""The audit reads the ledgers of Stripe and EasyPost as it reads the simulated ones."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from activities.shipping import label_key
from audit.report import LABELS, MONEY
from gateways.payments import RefundRequest
from orders.names import charge_key
from tests.gateways import easypost_server as easypost
from tests.gateways.easypost_server import EasyPostServer, run_easypost_server
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.audit_harness import Books, opened_books
from tests.integration.stripe_events_harness import set_charge

ORDER = "o-1"


@asynccontextmanager
async def real_books(
    database_url: str, pool: asyncpg.Pool, stripe: StripeProxy, carriers: EasyPostServer, capture: str = "at-once"
) -> AsyncIterator[Books]:
    async with opened_books(
        database_url,
        pool,
        stripe_api_key=API_KEY,
        stripe_api_base=stripe.address,
        stripe_capture=capture,
        easypost_api_key=easypost.API_KEY,
        easypost_api_base=carriers.base,
        easypost_from=json.dumps(easypost.SENDER),
    ) as opened:
        yield opened


@pytest.fixture
async def carriers() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
async def books(
    database_url: str, pool: asyncpg.Pool, stripe_server: StripeProxy, carriers: EasyPostServer
) -> AsyncIterator[Books]:
    async with real_books(database_url, pool, stripe_server, carriers) as opened:
        yield opened


async def test_the_books_hold_when_orders_of_every_kind_ended_well(books: Books) -> None:
    await books.shipped("o-1")
    await books.out_of_stock("o-2")
    await books.compensated("o-3")
    await books.shipped("o-4")
    await books.ask_back("o-4", "back-1", 400)
    await books.record_refund(await books.give_part_back("o-4", "back-1", 400))
    await books.project()
    report = await books.audit()
    assert report.findings == []
    assert report.checks[MONEY].notes == ["90.00 EUR charged, 34.00 EUR returned"]
    assert report.checks[LABELS].numbers["shipped"] == 2


async def test_the_ledgers_of_other_settings_count_too(books: Books, database_url: str, pool: asyncpg.Pool) -> None:
    await books.shipped("o-1")
    async with opened_books(database_url, pool) as simulated:
        await simulated.shipped("o-2")
        await simulated.project()
        report = await simulated.audit()
    assert report.findings == []
    assert report.checks[MONEY].notes == ["60.00 EUR charged, 0.00 EUR returned"]


async def test_money_that_stripe_keeps_for_a_cancelled_order_is_found(books: Books) -> None:
    await books.paid(ORDER)
    await books.cancel(ORDER)
    assert await books.found() == [(MONEY, ORDER)]
    await books.record_refund(await books.give_back(ORDER))
    assert await books.found() == []


async def test_a_refund_that_nobody_asked_for_is_found(books: Books) -> None:
    await books.shipped(ORDER)
    charge = await books.app.payments.find(charge_key(ORDER))
    assert charge is not None
    await books.app.payments.refund(RefundRequest("r", charge.payment_id, 1, "EUR", "by hand"))
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_refund_that_failed_has_given_nothing_back(books: Books) -> None:
    await books.compensated(ORDER)
    async with books.owner.transaction():
        await books.owner.execute("update gateways.stripe_refunds set state = 'failed'")
    assert await books.found() == [(MONEY, ORDER)]


async def test_a_hold_that_was_let_go_is_money_returned(
    database_url: str, pool: asyncpg.Pool, stripe_server: StripeProxy, carriers: EasyPostServer
) -> None:
    async with real_books(database_url, pool, stripe_server, carriers, "with-label") as books:
        await books.compensated(ORDER)
        assert await books.found() == []


async def test_a_shipped_order_whose_money_is_only_held_is_found(
    database_url: str, pool: asyncpg.Pool, stripe_server: StripeProxy, carriers: EasyPostServer
) -> None:
    async with real_books(database_url, pool, stripe_server, carriers, "with-label") as books:
        await books.shipped(ORDER)
        assert await books.found() == [(MONEY, ORDER)]
        await books.app.payments.capture(charge_key(ORDER))
        assert await books.found() == []


async def test_a_label_too_many_is_found_until_it_is_given_back(books: Books) -> None:
    await books.shipped(ORDER)
    await books.buy_label(ORDER, key="another")
    assert await books.found() == [(LABELS, ORDER)]
    await books.app.shipping.void("another", "too many")
    assert await books.found() == []


async def test_a_label_that_the_carrier_does_not_take_back_is_live(books: Books, carriers: EasyPostServer) -> None:
    await books.shipped(ORDER)
    await books.buy_label(ORDER, key="another")
    carriers.refund_status = "rejected"
    await books.app.shipping.void("another", "too many")
    assert await books.found() == [(LABELS, ORDER)]


async def test_money_and_labels_of_an_order_that_does_not_exist_are_found(books: Books) -> None:
    await books.charge("ghost")
    await books.buy_label("ghost", key=label_key("ghost"))
    assert await books.found() == [(MONEY, "ghost"), (LABELS, "ghost")]


async def test_a_payment_that_came_after_a_tombstone_is_money_kept(books: Books, database_url: str) -> None:
    await books.compensated(ORDER)
    charge = await books.app.payments.find(charge_key(ORDER))
    assert charge is not None
    assert await books.found() == []
    await books.owner.execute("delete from gateways.stripe_refunds")
    await set_charge(database_url, charge.payment_id, state="succeeded", amount_returned=0, refund_id=None)
    assert await books.found() == [(MONEY, ORDER)]
