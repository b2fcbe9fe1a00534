"""Statements over all providers' ledgers, composed from their views."""

from collections.abc import Sequence
from typing import Final

from gateways.provider import LedgerView
from gateways.providers import PROVIDERS

_SUMS_OF_PAGE: Final = """
with page as ({page}), money as (
    select p.order_id, c.currency, sum(c.charged) as charged, sum(c.refunded) as refunded, sum(c.held) as held
    from page p
    cross join lateral ({charges}) c
    group by p.order_id, c.currency
), parcels as (
    select p.order_id, count(*) as live
    from page p
    cross join lateral ({labels}) l
    group by p.order_id
)
select p.order_id, m.currency, coalesce(m.charged, 0) as charged, coalesce(m.refunded, 0) as refunded,
    coalesce(s.live, 0) as live_labels, coalesce(m.held, 0) as held
from page p
left join money m on m.order_id = p.order_id
left join parcels s on s.order_id = p.order_id
order by p.order_id, m.currency
"""

_PAGE_OF_ALL: Final = """
    select o.order_id
    from ({orders}) o
    order by o.order_id
    limit $2
"""

_PAGE_OF_GIVEN: Final = """
    select distinct o.order_id collate "C" as order_id
    from unnest($3::text[]) as o (order_id)
    where o.order_id collate "C" > $1 and ({known})
    order by 1
    limit $2
"""


def books_of_all(views: Sequence[LedgerView]) -> str:
    """Sums of a page of all orders in the ledgers, after order id $1, at most $2 orders."""
    first = "(select distinct l.order_id from {table} l where l.order_id > $1 order by l.order_id limit $2)"
    return _books(
        _PAGE_OF_ALL.format(orders=" union ".join(first.format(table=table) for table in _tables(views))), views
    )


def books_of_given(views: Sequence[LedgerView]) -> str:
    """Sums of a page of the orders $3, after order id $1, at most $2 orders."""
    known = "exists (select 1 from {table} l where l.order_id = o.order_id)"
    return _books(
        _PAGE_OF_GIVEN.format(known=" or ".join(known.format(table=table) for table in _tables(views))), views
    )


def _books(page: str, views: Sequence[LedgerView]) -> str:
    labels = " union all ".join(view.labels for view in views if view.labels)
    return _SUMS_OF_PAGE.format(page=page, charges=_charges(views, "c.order_id = p.order_id"), labels=labels)


def _tables(views: Sequence[LedgerView]) -> list[str]:
    return [table for view in views for table in view.tables]


def _charges(views: Sequence[LedgerView], of_order: str) -> str:
    return " union all ".join(view.charges.format(of_order=of_order) for view in views if view.charges)


LEDGERS: Final = tuple(provider.ledger for provider in PROVIDERS)

# Sums of a page of all orders. Walks the ledgers' indexes on order_id, inside the laterals too: a join condition from
# outside would not be pushed into a union.
BOOKS: Final = books_of_all(LEDGERS)

# Sums of a page of given orders, by the same indexes: the cost of one order does not depend on the number of orders.
BOOKS_OF: Final = books_of_given(LEDGERS)

# Totals per currency. Scans the ledgers in one snapshot, without locks.
TOTALS: Final = f"""
select c.currency, sum(c.charged) as charged, sum(c.refunded) as refunded
from ({_charges(LEDGERS, "true")}) c
group by c.currency
order by c.currency
"""

# True if refund key $1 belongs to payment $2, by the primary keys of the ledgers.
IS_REFUND_OF: Final = "select " + " or ".join(f"exists ({view.refund})" for view in LEDGERS if view.refund)
