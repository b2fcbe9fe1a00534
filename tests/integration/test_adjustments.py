"""Adjustments of stock by a person, on a real PostgreSQL, through the application's role."""

import asyncio
import random

import asyncpg
import pytest

from inventory.adjustments import Adjustment, Adjustments
from inventory.errors import (
    InvalidAdjustment,
    RestockConflict,
    RestockExceedsOrder,
    SkuNotFound,
    StockChanged,
    StockOutOfRange,
    UnitsNotReserved,
)
from inventory.stock import InsufficientStock, Stock
from inventory.stock_file import StockRow
from orders.events import Shortage
from tests.integration.projections_harness import owner
from tests.running_system import until

ACTOR = "tester"
MOST = 2**63 - 1


@pytest.fixture
def stock(pool: asyncpg.Pool) -> Stock:
    return Stock(pool)


@pytest.fixture
def adjustments(pool: asyncpg.Pool) -> Adjustments:
    return Adjustments(pool)


async def available(stock: Stock, sku: str) -> int | None:
    level = await stock.get(sku)
    return level.available if level else None


def facts(entry: Adjustment) -> tuple[str, int, int | None, int | None, str | None]:
    return entry.kind, entry.change, entry.before, entry.after, entry.reason


class TestChange:
    async def test_given_a_level_when_changed_up_and_down_then_each_change_is_an_entry(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await stock.import_levels([StockRow("tea", 11), StockRow("milk", 0)], "importer")
        await adjustments.adjust("tea", -4, actor=ACTOR, reason="broken")
        entry = await adjustments.adjust("tea", 2, actor=ACTOR, reason="found")
        await adjustments.set_level("tea", 9, actor=ACTOR, reason="counted", expected=9)
        assert await available(stock, "tea") == 9
        assert [facts(each) for each in await adjustments.list()] == [
            ("set", 0, 9, 9, "counted"),
            ("adjust", 2, 7, 9, "found"),
            ("adjust", -4, 11, 7, "broken"),
            ("import", 11, 0, 11, None),
        ]
        assert (entry.sku, entry.actor, entry.order_id) == ("tea", ACTOR, None)
        assert entry.at.tzinfo is not None
        assert await stock.books() == []

    @pytest.mark.parametrize("change", [-12, -MOST, MOST], ids=["one too many", "all there are", "beyond the largest"])
    async def test_given_a_change_out_of_range_then_it_is_refused_with_the_present_level(
        self, change: int, stock: Stock, adjustments: Adjustments
    ) -> None:
        await adjustments.set_level("tea", 11, actor=ACTOR)
        with pytest.raises(StockOutOfRange) as refused:
            await adjustments.adjust("tea", change, actor=ACTOR, reason="x")
        assert refused.value.available == 11
        assert await available(stock, "tea") == 11
        assert len(await adjustments.list()) == 1

    async def test_given_another_level_than_expected_then_nothing_is_changed(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await adjustments.set_level("tea", 11, actor=ACTOR)
        with pytest.raises(StockChanged, match="tea has 11 units available, not 12: nothing was changed"):
            await adjustments.set_level("tea", 20, actor=ACTOR, expected=12)
        with pytest.raises(StockChanged):
            await adjustments.adjust("tea", 1, actor=ACTOR, reason="x", expected=0)
        assert await available(stock, "tea") == 11
        assert len(await adjustments.list()) == 1

    async def test_given_an_unknown_sku_then_a_level_begins_it_and_a_change_is_refused(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        with pytest.raises(SkuNotFound):
            await adjustments.adjust("tea", 1, actor=ACTOR, reason="x")
        with pytest.raises(SkuNotFound):
            await adjustments.set_level("tea", 1, actor=ACTOR, expected=1)
        assert await stock.list() == []
        await adjustments.set_level("tea", 1, actor=ACTOR, expected=0)
        assert await available(stock, "tea") == 1

    @pytest.mark.parametrize(
        ("sku", "change", "reason"),
        [("", 1, "x"), ("tea", 0, "x"), ("tea", 2**63, "x"), ("tea", 1, " "), ("tea", 1, "\0"), ("tea", 1, "\u200b")],
    )
    async def test_given_an_argument_that_cannot_be_then_the_database_is_not_asked(
        self, sku: str, change: int, reason: str, adjustments: Adjustments
    ) -> None:
        with pytest.raises(InvalidAdjustment, match=r"^(sku|change|reason) "):
            await adjustments.adjust(sku, change, actor=ACTOR, reason=reason)

    async def test_given_a_request_that_is_repeated_then_it_has_one_effect(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await adjustments.set_level("tea", 1, actor=ACTOR)
        made = await asyncio.gather(
            *(adjustments.adjust("tea", 5, actor=ACTOR, reason="x", expected=1, request_id="r") for _ in range(20))
        )
        assert {each.id for each in made} == {made[0].id}
        assert await available(stock, "tea") == 6


class TestRestock:
    async def test_given_a_return_then_its_units_are_available_again_once(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await stock.import_levels([StockRow("tea", 10), StockRow("milk", 10)], ACTOR)
        await stock.reserve("o", {"tea": 4, "milk": 1})
        units = {"tea": 3, "milk": 1}
        done = await asyncio.gather(
            *(adjustments.restock("o", "r1", units, actor=ACTOR, reason="returned") for _ in range(20))
        )
        assert sorted(done) == [False] * 19 + [True]
        assert (await available(stock, "tea"), await available(stock, "milk")) == (9, 10)
        entries = await adjustments.of_refund("o", "r1")
        assert [(each.sku, *facts(each)) for each in entries] == [
            ("milk", "restock", 1, 9, 10, "returned"),
            ("tea", "restock", 3, 6, 9, "returned"),
        ]
        assert await stock.books() == []

    async def test_given_the_same_return_twice_before_either_has_the_stock_then_it_counts_once(
        self, stock: Stock, adjustments: Adjustments, database_url: str
    ) -> None:
        await stock.import_levels([StockRow("tea", 10)], ACTOR)
        await stock.reserve("o", {"tea": 4})
        # Another connection reads it: within a transaction pg_stat_activity keeps its first snapshot.
        async with owner(database_url) as connection, owner(database_url) as looking:
            async with connection.transaction():
                await connection.execute("select from inventory.stock where sku = 'tea' for update")
                twice = [
                    asyncio.create_task(adjustments.restock("o", "r1", {"tea": 2}, actor=ACTOR, reason="x"))
                    for _ in range(2)
                ]

                async def both_wait() -> bool:
                    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                    return bool(await looking.fetchval(f"{waiting} and datname = current_database()") == 2)

                await until(both_wait, "both restocks wait for a lock")
            assert sorted(await asyncio.gather(*twice)) == [False, True]
        assert await available(stock, "tea") == 8

    async def test_given_other_units_for_the_same_refund_then_it_is_refused(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await stock.import_levels([StockRow("tea", 10), StockRow("milk", 10)], ACTOR)
        await stock.reserve("o", {"tea": 4, "milk": 1})
        await adjustments.restock("o", "r1", {"tea": 3}, actor=ACTOR, reason="x")
        for other in ({"tea": 2}, {"milk": 1}, {"tea": 3, "milk": 1}):
            with pytest.raises(RestockConflict):
                await adjustments.restock("o", "r1", other, actor=ACTOR, reason="x")
        assert await available(stock, "tea") == 9

    async def test_given_more_units_than_were_shipped_in_all_restocks_then_it_is_refused(
        self, stock: Stock, adjustments: Adjustments
    ) -> None:
        await stock.import_levels([StockRow("tea", 10), StockRow("milk", 10)], ACTOR)
        await stock.reserve("o", {"tea": 4})
        outcomes = await asyncio.gather(
            *(adjustments.restock("o", f"r{n}", {"tea": 3}, actor=ACTOR, reason="x") for n in range(5)),
            return_exceptions=True,
        )
        refused = [each for each in outcomes if isinstance(each, RestockExceedsOrder)]
        assert (outcomes.count(True), len(refused)) == (1, 4)
        assert refused[0].shortages == (Shortage(sku="tea", requested=3, available=1),)
        with pytest.raises(RestockExceedsOrder, match=r"milk \(at most 0, not 1\)"):
            await adjustments.restock("o", "r9", {"tea": 1, "milk": 1}, actor=ACTOR, reason="x")
        assert await available(stock, "tea") == 9

    async def test_given_no_units_of_the_order_then_it_is_refused(self, stock: Stock, adjustments: Adjustments) -> None:
        await stock.import_levels([StockRow("tea", 10)], ACTOR)
        await stock.reserve("released", {"tea": 4})
        await stock.release("released")
        for order_id in ("released", "unknown"):
            with pytest.raises(UnitsNotReserved):
                await adjustments.restock(order_id, "r1", {"tea": 1}, actor=ACTOR, reason="x")


async def test_given_adjustments_restocks_and_reservations_at_once_then_the_books_hold(
    stock: Stock, adjustments: Adjustments
) -> None:
    dice = random.Random(7)
    skus = [f"sku-{number}" for number in range(6)]
    await stock.import_levels([StockRow(sku, 20) for sku in skus], ACTOR)
    shipped = [f"shipped-{number}" for number in range(5)]
    for order_id in shipped:
        await stock.reserve(order_id, dict.fromkeys(dice.sample(skus, 4), 2))
    changes = [(dice.choice(skus), dice.choice([-3, -1, 2, 5])) for _ in range(40)]
    calls = [
        *(stock.reserve(f"o-{n}", {sku: dice.randint(1, 3) for sku in dice.sample(skus, 4)}) for n in range(20)),
        *(adjustments.adjust(sku, change, actor=ACTOR, reason="x") for sku, change in changes),
        *(adjustments.set_level(dice.choice(skus), dice.randrange(20), actor=ACTOR) for _ in range(10)),
        *(adjustments.restock(each, "r", dict.fromkeys(skus, 2), actor=ACTOR, reason="x") for each in shipped),
        *(adjustments.restock(each, "s", {dice.choice(skus): 1}, actor=ACTOR, reason="x") for each in shipped),
        *(stock.import_levels([StockRow(sku, 9) for sku in dice.sample(skus, 3)], ACTOR) for _ in range(5)),
    ]
    dice.shuffle(calls)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refusals = (InsufficientStock, StockOutOfRange, RestockExceedsOrder)
    assert [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, refusals)] == []
    assert await stock.books() == []
    assert all(level.available >= 0 for level in await stock.list())


async def test_the_list_is_in_pages_and_by_sku(stock: Stock, adjustments: Adjustments) -> None:
    for number in range(5):
        await adjustments.set_level("tea", number + 1, actor=ACTOR)
        await adjustments.set_level("milk", number + 1, actor=ACTOR)
    first = await adjustments.list(sku="tea", limit=3)
    second = await adjustments.list(sku="tea", limit=3, before=first[-1].id)
    assert [each.after for each in (*first, *second)] == [5, 4, 3, 2, 1]
    assert len(await adjustments.list(limit=4)) == 4
