"""Orders and events that need an operator: in the order of harm, counted by kind, in pages."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from application.attention import attention_cursor, place_of
from open_work import attention_list
from open_work.attention_list import StuckList
from open_work.kinds import KINDS, Kind, Stuck
from settings import Settings

NOW = datetime(2026, 1, 31, tzinfo=UTC)


async def _rows(*rows: Stuck) -> AsyncGenerator[Stuck, None]:
    for row in rows:
        yield row


def stuck(kind: Kind, number: int = 0, since: datetime | None = NOW) -> Stuck:
    return Stuck(kind, f"{kind}-{number}", "paid", "step", since, "error")


async def listed(*sources: Sequence[Stuck], most: int = 1000) -> StuckList:
    found = StuckList(most)
    for rows in sources:
        await found.add(_rows(*rows))
    return found


def test_money_comes_first_then_lost_then_failing_then_parked_and_holds_last() -> None:
    assert KINDS == ("refundFailed", "disputed", "holdEnding", "lost", "stalled", "failing", "parked", "onHold")


async def test_rows_come_in_the_order_of_harm_and_the_oldest_first_whatever_the_order_of_the_sources() -> None:
    old = stuck("lost", 7, NOW - timedelta(days=1))
    found = await listed(
        [stuck("failing"), *(stuck("onHold", n) for n in range(50))],
        [stuck("lost", since=None), stuck("lost", 3), old],
        [stuck("parked")],
        [stuck("holdEnding"), stuck("refundFailed")],
    )
    first = [row.order_id for row in found.page(7).rows]
    assert first == ["refundFailed-0", "holdEnding-0", "lost-7", "lost-3", "lost-0", "failing-0", "parked-0"]
    assert {row.kind for row in found.rows[7:]} == {"onHold"}
    assert list(found.by_kind.items()) == [
        ("refundFailed", 1),
        ("disputed", 0),
        ("holdEnding", 1),
        ("lost", 3),
        ("stalled", 0),
        ("failing", 1),
        ("parked", 1),
        ("onHold", 50),
    ]


@pytest.mark.parametrize("many", KINDS)
async def test_many_of_one_kind_hide_no_row_of_another_source(many: Kind) -> None:
    others = [kind for kind in KINDS if kind != many]
    found = await listed([stuck(many, n) for n in range(5)], [stuck(kind) for kind in others], most=2)
    assert found.by_kind == {kind: 2 if kind == many else 1 for kind in KINDS}
    assert found.full == {many}
    assert found.page(100).more
    assert found.page(100, kind=many).more
    assert not any(found.page(100, kind=kind).more for kind in others)


@pytest.mark.parametrize("many", ["onHold", "holdEnding"])
async def test_many_rows_that_are_cheap_to_read_hide_none_of_the_same_source(many: Kind) -> None:
    found = await listed([*(stuck(many, n) for n in range(5)), stuck("lost"), stuck("refundFailed")], most=2)
    assert (found.by_kind["lost"], found.by_kind["refundFailed"], found.by_kind[many]) == (1, 1, 2)


async def test_a_source_is_read_no_further_than_the_most_rows_of_a_kind_that_costs_requests() -> None:
    read: list[int] = []

    async def endless() -> AsyncGenerator[Stuck, None]:
        while True:
            read.append(len(read))
            yield stuck("lost", len(read))

    found = StuckList(3)
    await found.add(endless())
    assert (found.by_kind["lost"], len(read)) == (3, 4)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("kind", [None, "onHold", "failing"])
async def test_pages_are_complete_and_without_repetition(kind: Kind | None, limit: int) -> None:
    rows = [stuck(each, n, None if n == 2 else NOW + timedelta(microseconds=n)) for n in range(4) for each in KINDS]
    found = await listed(rows)
    seen: list[Stuck] = []
    cursor = None
    while True:
        page = found.page(limit, kind=kind, after=place_of(cursor))
        assert page.more == (page.after is not None)
        seen += page.rows
        if (cursor := attention_cursor(page)) is None:
            break
    assert seen == [row for row in found.rows if kind in (None, row.kind)]
    assert len(seen) == (len(rows) if kind is None else 4)


async def test_a_workflow_that_two_sources_find_is_listed_once() -> None:
    both = Stuck("failing", "a", "paid", "step", NOW, "error", workflow_id="fulfill-order-a")
    found = await listed([both], [both])
    assert found.rows == [both]


async def test_a_search_that_takes_too_long_hides_nothing_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        unreachable = False

        def __init__(self, *_: object) -> None:
            pass

        async def all(self) -> AsyncGenerator[Stuck, None]:
            yield stuck("lost")
            await asyncio.Event().wait()

    monkeypatch.setattr(attention_list, "FailingSteps", Endless)
    monkeypatch.setattr(attention_list, "StalledOrders", Endless)
    monkeypatch.setattr(attention_list, "parked_events", lambda _: _rows(stuck("parked")))
    monkeypatch.setattr(attention_list, "money_at_risk", lambda _: _rows(stuck("refundFailed")))
    sources: Any = SimpleNamespace(client=object())
    found = await attention_list.find_stuck(sources, Settings(), within=0.05)
    assert [row.kind for row in found.rows] == ["refundFailed", "lost", "lost", "parked"]
    assert found.problem is not None
