"""Stock and reservations on a real PostgreSQL, through the application's role."""

import asyncpg
import pytest

from inventory.customs_columns import CustomsData
from inventory.stock import InsufficientStock, ReservationConflict, ReservationReleased, Stock, StockLevel
from inventory.stock_file import StockRow
from orders.events import Shortage

ACTOR = "tester"


@pytest.fixture
def stock(pool: asyncpg.Pool) -> Stock:
    return Stock(pool)


async def given_levels(stock: Stock, **levels: int) -> None:
    await stock.import_levels([StockRow(sku, units) for sku, units in levels.items()], ACTOR)


async def available(stock: Stock) -> dict[str, int]:
    return {level.sku: level.available for level in await stock.list(limit=10_000)}


class TestCheck:
    async def test_given_enough_of_everything_then_nothing_is_short(self, stock: Stock) -> None:
        await given_levels(stock, tea=5, milk=1)
        assert await stock.check({"tea": 5, "milk": 1}) == ()

    async def test_given_too_little_and_an_unknown_sku_then_both_are_short_in_sku_order(self, stock: Stock) -> None:
        await given_levels(stock, tea=5, milk=1)
        shortages = await stock.check({"tea": 6, "milk": 1, "jam": 2})
        assert shortages == (
            Shortage(sku="jam", requested=2, available=0),
            Shortage(sku="tea", requested=6, available=5),
        )


class TestReserve:
    async def test_given_stock_when_reserved_then_the_units_are_no_longer_available(self, stock: Stock) -> None:
        await given_levels(stock, tea=5, milk=3)
        await stock.reserve("o-1", {"tea": 2, "milk": 3})
        assert await stock.get("tea") == StockLevel("tea", None, None, 3, 2)
        assert await stock.get("milk") == StockLevel("milk", None, None, 0, 3)

    async def test_given_a_reservation_when_repeated_in_another_order_then_it_counts_once(self, stock: Stock) -> None:
        await given_levels(stock, tea=5, milk=3)
        await stock.reserve("o-1", {"tea": 2, "milk": 3})
        await stock.reserve("o-1", {"milk": 3, "tea": 2})
        assert await available(stock) == {"milk": 0, "tea": 3}

    @pytest.mark.parametrize(
        "other", [{"tea": 1}, {"tea": 2, "milk": 1}, {"milk": 2}, {"jam": 2}], ids=["fewer", "more", "swap", "unknown"]
    )
    async def test_given_a_reservation_when_other_quantities_are_asked_then_it_conflicts(
        self, stock: Stock, other: dict[str, int]
    ) -> None:
        await given_levels(stock, tea=5, milk=3)
        await stock.reserve("o-1", {"tea": 2})
        with pytest.raises(ReservationConflict) as refusal:
            await stock.reserve("o-1", other)
        assert refusal.value.order_id == "o-1"
        assert await available(stock) == {"milk": 3, "tea": 3}

    async def test_given_one_short_sku_when_reserved_then_nothing_is_taken_of_any(self, stock: Stock) -> None:
        await given_levels(stock, tea=5, milk=3)
        with pytest.raises(InsufficientStock) as refusal:
            await stock.reserve("o-1", {"tea": 1, "milk": 4, "jam": 1})
        assert refusal.value.shortages == (
            Shortage(sku="jam", requested=1, available=0),
            Shortage(sku="milk", requested=4, available=3),
        )
        assert await available(stock) == {"milk": 3, "tea": 5}

    async def test_given_a_shortage_when_restocked_then_the_same_reserve_succeeds(self, stock: Stock) -> None:
        await given_levels(stock, tea=1)
        with pytest.raises(InsufficientStock):
            await stock.reserve("o-1", {"tea": 2})
        await given_levels(stock, tea=2)
        await stock.reserve("o-1", {"tea": 2})
        assert await available(stock) == {"tea": 0}

    async def test_given_two_thousand_skus_when_reserved_and_released_then_all_move(self, stock: Stock) -> None:
        order = {f"sku-{number:04}": number + 1 for number in range(2000)}
        await given_levels(stock, **dict.fromkeys(order, 2000))
        await stock.reserve("o-1", order)
        assert await available(stock) == {sku: 2000 - units for sku, units in order.items()}
        await stock.release("o-1")
        assert await available(stock) == dict.fromkeys(order, 2000)

    @pytest.mark.parametrize("quantities", [{}, {"tea": 0}, {"tea": -1}, {"tea": 2**63}])
    async def test_given_units_no_order_can_have_then_the_database_is_not_asked(
        self, stock: Stock, quantities: dict[str, int]
    ) -> None:
        with pytest.raises(ValueError, match=r"SKU|units"):
            await stock.reserve("o-1", quantities)


class TestRelease:
    async def test_given_a_reservation_when_released_twice_then_units_return_once_and_the_answer_is_the_same(
        self, stock: Stock
    ) -> None:
        await given_levels(stock, tea=5)
        await stock.reserve("o-1", {"tea": 2})
        assert await stock.release("o-1") is True
        assert await stock.release("o-1") is True
        assert await stock.get("tea") == StockLevel("tea", None, None, 5, 0)

    async def test_given_no_reservation_when_released_then_a_late_reserve_is_refused(self, stock: Stock) -> None:
        await given_levels(stock, tea=5)
        assert await stock.release("o-1") is False
        with pytest.raises(ReservationReleased) as refusal:
            await stock.reserve("o-1", {"tea": 2})
        assert refusal.value.order_id == "o-1"
        assert await available(stock) == {"tea": 5}

    async def test_given_a_released_reservation_when_reserved_again_then_it_is_refused(self, stock: Stock) -> None:
        await given_levels(stock, tea=5)
        await stock.reserve("o-1", {"tea": 2})
        await stock.release("o-1")
        with pytest.raises(ReservationReleased):
            await stock.reserve("o-1", {"tea": 2})

    async def test_given_two_orders_when_one_is_released_then_the_other_keeps_its_units(self, stock: Stock) -> None:
        await given_levels(stock, tea=5)
        await stock.reserve("o-1", {"tea": 2})
        await stock.reserve("o-2", {"tea": 1})
        await stock.release("o-1")
        assert await stock.get("tea") == StockLevel("tea", None, None, 4, 1)


class TestLevels:
    async def test_given_known_skus_when_levels_are_set_then_names_and_prices_stay_unless_given(
        self, stock: Stock
    ) -> None:
        await stock.import_levels([StockRow("tea", 5, "Tea", 1800)], ACTOR)
        await given_levels(stock, tea=4)
        assert await stock.get("tea") == StockLevel("tea", "Tea", 1800, 4, 0)
        await stock.import_levels([StockRow("tea", 3, "Green tea", 1900)], ACTOR)
        assert await stock.get("tea") == StockLevel("tea", "Green tea", 1900, 3, 0)

    async def test_given_an_unknown_sku_then_there_is_no_level(self, stock: Stock) -> None:
        assert await stock.get("tea") is None

    async def test_given_many_skus_then_pages_follow_each_other_without_gap_or_overlap(self, stock: Stock) -> None:
        skus = sorted(["B", "a", "é", "a-1", "Z", "0"])
        await given_levels(stock, **dict.fromkeys(skus, 1))
        pages, after = [], None
        while page := await stock.list(after_sku=after, limit=2):
            pages.append([level.sku for level in page])
            after = page[-1].sku
        assert [len(page) for page in pages] == [2, 2, 2]
        assert [sku for page in pages for sku in page] == skus

    @pytest.mark.parametrize(
        "rows",
        [
            [StockRow("tea", 1), StockRow("tea", 2)],
            [StockRow("tea", -1)],
            [StockRow("tea", 2**63)],
            [StockRow("tea", 1, unit_price=-1)],
            [StockRow("", 1)],
            [StockRow("a\u00a0b", 1)],
            [StockRow("a\0", 1)],
            [StockRow("x" * 129, 1)],
        ],
        ids=["twice", "negative", "beyond bigint", "negative price", "empty", "another space", "nul", "long"],
    )
    async def test_given_a_row_that_cannot_be_then_none_is_imported(self, stock: Stock, rows: list[StockRow]) -> None:
        with pytest.raises(ValueError, match=r"SKU|sku|units"):
            await stock.import_levels([StockRow("milk", 1), *rows], ACTOR)
        assert await stock.list() == []

    async def test_given_customs_data_when_imported_again_without_some_of_it_then_the_rest_is_kept(
        self, stock: Stock
    ) -> None:
        await stock.import_levels([StockRow("tea", 3, customs=CustomsData("JP", "0902.10", 200, 12, "EUR"))], ACTOR)
        await stock.import_levels(
            [StockRow("tea", 3, customs=CustomsData(weight_grams=250)), StockRow("jam", 1)], ACTOR
        )
        await given_levels(stock, tea=5)
        assert await stock.customs(["tea", "jam", "unknown"]) == {"tea": CustomsData("JP", "0902.10", 250, 12, "EUR")}
