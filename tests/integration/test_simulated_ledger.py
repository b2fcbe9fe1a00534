"""The ledger of the simulated gateways: its books, and the privileges on its tables."""

from dataclasses import replace

import asyncpg
import pytest

from gateways.books import CurrencyTotal, GatewayBooks, OrderBooks
from gateways.errors import PaymentDeclined
from gateways.simulated import SimulatedPaymentGateway, SimulatedShippingGateway, SimulationSettings
from tests.integration.gateway_requests import a_charge, a_parcel, new_key


@pytest.fixture
def payments(pool: asyncpg.Pool) -> SimulatedPaymentGateway:
    return SimulatedPaymentGateway(pool, SimulationSettings(decline_above=10_000))


@pytest.fixture
def shipping(pool: asyncpg.Pool) -> SimulatedShippingGateway:
    return SimulatedShippingGateway(pool, SimulationSettings())


@pytest.fixture
def ledger(pool: asyncpg.Pool) -> GatewayBooks:
    return GatewayBooks(pool)


async def test_given_orders_of_all_kinds_then_the_books_say_what_was_charged_returned_and_shipped(
    payments: SimulatedPaymentGateway, shipping: SimulatedShippingGateway, ledger: GatewayBooks
) -> None:
    shipped, undone, lone = a_charge(500), a_charge(700), a_parcel()
    await payments.charge(replace(shipped, order_id="o-1"))
    await shipping.create(replace(lone, order_id="o-1"))
    await payments.charge(replace(undone, order_id="o-2"))
    await payments.void(undone.key, "cancelled")
    with pytest.raises(PaymentDeclined):
        await payments.charge(replace(a_charge(10_001), order_id="o-3"))
    await payments.charge(replace(a_charge(9), order_id="o-4", currency="EUR"))
    await payments.charge(replace(a_charge(8), order_id="o-4"))
    await payments.void(new_key(), "never charged")
    rows = [
        OrderBooks("o-1", "USD", 500, 0, 1),
        OrderBooks("o-2", "USD", 700, 700, 0),
        OrderBooks("o-3", None, 0, 0, 0),
        OrderBooks("o-4", "EUR", 9, 0, 0),
        OrderBooks("o-4", "USD", 8, 0, 0),
    ]
    assert await ledger.books() == rows
    assert await ledger.books(["o-3", "o-1", "o-1", "unknown"]) == [rows[0], rows[2]]
    assert await ledger.totals() == [CurrencyTotal("EUR", 9, 0), CurrencyTotal("USD", 1208, 700)]


async def test_given_many_orders_then_pages_follow_each_other_without_gap_or_overlap(
    payments: SimulatedPaymentGateway, shipping: SimulatedShippingGateway, ledger: GatewayBooks
) -> None:
    for number in range(0, 7, 2):
        await payments.charge(replace(a_charge(), order_id=f"o-{number}"))
    for number in range(1, 7, 2):
        await shipping.create(replace(a_parcel(), order_id=f"o-{number}"))
    seen, after = [], ""
    while page := await ledger.books(after=after, limit=2):
        seen += [row.order_id for row in page]
        after = page[-1].order_id
    assert seen == [f"o-{number}" for number in range(7)]


async def test_given_a_parcel_then_the_ledger_holds_nothing_personal(
    pool: asyncpg.Pool, shipping: SimulatedShippingGateway, payments: SimulatedPaymentGateway
) -> None:
    parcel, request = a_parcel(), replace(a_charge(), customer_id="ANNA-K")
    await shipping.create(parcel)
    await payments.charge(request)
    stored = str(
        await pool.fetch("select l::text from simulated.labels l union all select c::text from simulated.charges c")
    )
    for personal in ("A. Person", "Main Street", "Lyon", "69004", "ANNA-K"):
        assert personal not in stored


@pytest.mark.parametrize("table", ["charges", "refunds", "labels"])
async def test_given_the_applications_role_then_the_ledger_cannot_be_written_around_the_functions(
    pool: asyncpg.Pool, table: str
) -> None:
    for statement in (
        f"insert into simulated.{table} (key) values ('x')",
        f"update simulated.{table} set key = 'x'",
        f"delete from simulated.{table}",
        f"truncate simulated.{table}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
