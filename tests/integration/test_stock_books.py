"""Stock under concurrency, and the proof that its levels follow from its logs."""

import asyncio
import random
from collections import Counter

import asyncpg
import pytest

from inventory.stock import InsufficientStock, ReservationConflict, ReservationReleased, Stock, StockImbalance
from inventory.stock_file import StockRow

ACTOR = "tester"


@pytest.fixture
def stock(pool: asyncpg.Pool) -> Stock:
    return Stock(pool)


async def given_levels(stock: Stock, **levels: int) -> None:
    await stock.import_levels([StockRow(sku, units) for sku, units in levels.items()], ACTOR)


async def available(stock: Stock) -> dict[str, int]:
    return {level.sku: level.available for level in await stock.list(limit=10_000)}


@pytest.fixture
async def ten_connections(pool: asyncpg.Pool) -> asyncpg.Pool:
    """Pool with all its connections open, so that concurrent calls do run concurrently."""
    opened = await asyncio.gather(*(pool.acquire() for _ in range(pool.get_max_size())))
    await asyncio.gather(*map(pool.release, opened))
    assert pool.get_size() == 10
    return pool


class TestConcurrency:
    async def test_given_fifty_orders_competing_in_random_sku_order_then_no_deadlock_and_the_sum_is_right(
        self, stock: Stock, ten_connections: asyncpg.Pool
    ) -> None:
        dice = random.Random(50)
        skus = [f"sku-{number}" for number in range(60)]
        await given_levels(stock, **dict.fromkeys(skus, 60))
        orders = {f"o-{n}": {sku: dice.randint(1, 4) for sku in dice.sample(skus, 40)} for n in range(50)}

        async def reserve(order_id: str) -> bool:
            try:
                await stock.reserve(order_id, orders[order_id])
            except InsufficientStock:
                return False
            if order_id.endswith(("3", "7")):
                await stock.release(order_id)
                return False
            return True

        async def restock(sku: str) -> None:
            rows = [StockRow(other, 0) for other in dice.sample(skus, 6) if other != sku] + [StockRow(sku, 30)]
            await stock.import_levels(rows, ACTOR)

        outcomes = await asyncio.gather(*map(reserve, orders), *map(restock, skus[:3]))
        held: Counter[str] = Counter()
        for order_id, kept in zip(orders, outcomes, strict=False):
            held.update(orders[order_id] if kept else {})
        levels = await stock.list(limit=len(skus))
        assert any(outcomes)
        assert {level.sku: level.reserved for level in levels} == {sku: held[sku] for sku in skus}
        assert all(level.available >= 0 for level in levels)
        assert await stock.books() == []

    async def test_given_one_order_reserved_ten_times_at_once_then_it_counts_once(self, stock: Stock) -> None:
        await given_levels(stock, tea=5)
        await asyncio.gather(*(stock.reserve("o-1", {"tea": 2}) for _ in range(10)))
        assert await available(stock) == {"tea": 3}

    async def test_given_reserve_and_release_at_once_then_the_stock_is_whole_whichever_came_first(
        self, stock: Stock
    ) -> None:
        await given_levels(stock, tea=100, milk=100)
        calls = [
            call
            for number in range(40)
            for call in (
                stock.reserve(f"o-{number}", {"tea": 2, "milk": 1}),
                stock.release(f"o-{number}"),
            )
        ]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        unexpected = [o for o in outcomes if isinstance(o, BaseException) and not isinstance(o, ReservationReleased)]
        assert unexpected == []
        assert await available(stock) == {"milk": 100, "tea": 100}
        assert await stock.books() == []


class TestBooks:
    @pytest.mark.parametrize("seed", range(5))
    async def test_given_a_random_history_then_the_books_hold_and_equal_a_model(self, stock: Stock, seed: int) -> None:
        dice = random.Random(seed)
        skus = ["a", "B", "c", "é"]
        free: Counter[str] = Counter()
        kept: dict[str, dict[str, int]] = {}
        released: set[str] = set()
        for _ in range(80):
            order_id = f"o-{dice.randrange(15)}"
            match dice.choice(["set", "reserve", "reserve", "release"]):
                case "set":
                    sku, units = dice.choice(skus), dice.randrange(12)
                    await given_levels(stock, **{sku: units})
                    free[sku] = units
                case "reserve":
                    wanted = {sku: dice.randint(1, 5) for sku in dice.sample(skus, dice.randint(1, 3))}
                    try:
                        await stock.reserve(order_id, wanted)
                        assert order_id not in released
                        assert kept.setdefault(order_id, wanted) == wanted
                    except InsufficientStock:
                        assert any(free[sku] < units for sku, units in wanted.items())
                        continue
                    except (ReservationConflict, ReservationReleased):
                        assert order_id in kept or order_id in released
                        continue
                    free.subtract(wanted)
                case "release":
                    await stock.release(order_id)
                    released.add(order_id)
                    free.update(kept.pop(order_id, {}))
        assert await stock.books() == []
        assert {sku: n for sku, n in (await available(stock)).items() if n} == {s: n for s, n in free.items() if n}

    async def test_given_a_figure_changed_behind_the_logs_then_the_books_name_the_sku(
        self, stock: Stock, database_url: str
    ) -> None:
        await given_levels(stock, tea=5, milk=5)
        await stock.reserve("o-1", {"tea": 2})
        owner = await asyncpg.connect(database_url)
        try:
            await owner.execute("update inventory.stock set available = 4 where sku = 'tea'")
        finally:
            await owner.close()
        assert await stock.books() == [StockImbalance("tea", adjusted=5, held=2, available=4, reserved=2)]

    @pytest.mark.parametrize("table", ["stock", "reservations", "reservation_lines", "adjustments"])
    async def test_given_the_applications_role_then_no_table_can_be_written_around_the_functions(
        self, pool: asyncpg.Pool, table: str
    ) -> None:
        for statement in (
            f"insert into inventory.{table} default values",
            f"update inventory.{table} set sku = 'x'"
            if table != "reservations"
            else "update inventory.reservations set state = 'x'",
            f"delete from inventory.{table}",
            f"truncate inventory.{table}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)
