"""What the simulated gateways have done, added up from their ledger for an audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.gateways.simulated_call import Pool

_PAGE_OF_ALL = """
    select o.order_id
    from (
        (select distinct c.order_id from simulated.charges c where c.order_id > $1 order by c.order_id limit $2)
        union
        (select distinct l.order_id from simulated.labels l where l.order_id > $1 order by l.order_id limit $2)
    ) o
    order by o.order_id
    limit $2
"""

_PAGE_OF_GIVEN = """
    select distinct o.order_id collate "C" as order_id
    from unnest($3::text[]) as o (order_id)
    where o.order_id collate "C" > $1 and (
        exists (select 1 from simulated.charges c where c.order_id = o.order_id)
        or exists (select 1 from simulated.labels l where l.order_id = o.order_id)
    )
    order by 1
    limit $2
"""

_SUMS_OF_PAGE = """
with page as ({page}), money as (
    select c.order_id, c.currency, sum(c.amount) as charged, sum(coalesce(r.amount, 0)) as refunded
    from page p
    join simulated.charges c on c.order_id = p.order_id
    left join lateral (
        select sum(f.amount) as amount from simulated.refunds f where f.payment_id = c.payment_id
    ) r on true
    where c.payment_id is not null
    group by c.order_id, c.currency
), parcels as (
    select l.order_id, count(*) as live
    from page p
    join simulated.labels l on l.order_id = p.order_id
    where l.state = 'created'
    group by l.order_id
)
select p.order_id, m.currency, coalesce(m.charged, 0) as charged, coalesce(m.refunded, 0) as refunded,
    coalesce(s.live, 0) as live_labels
from page p
left join money m on m.order_id = p.order_id
left join parcels s on s.order_id = p.order_id
order by p.order_id, m.currency
"""

# Walks the order_id indexes of charges and labels; sums refunds from their own rows, not from the charge's balance.
BOOKS = _SUMS_OF_PAGE.format(page=_PAGE_OF_ALL)

# Looks each order up in the same indexes, so that one order costs the same whatever the number of the others.
BOOKS_OF = _SUMS_OF_PAGE.format(page=_PAGE_OF_GIVEN)

# Adds up the whole ledger in one snapshot; takes no lock.
TOTALS = """
select c.currency, sum(c.amount) as charged, sum(coalesce(r.amount, 0)) as refunded
from simulated.charges c
left join (select f.payment_id, sum(f.amount) as amount from simulated.refunds f group by f.payment_id) r
    on r.payment_id = c.payment_id
where c.payment_id is not null
group by c.currency
order by c.currency
"""


@dataclass(frozen=True, slots=True)
class OrderBooks:
    """One order's money in one currency, in minor units, and how many labels of the order are live.

    currency is None where the gateways hear of the order but took no money: declined, or a label alone.
    """

    order_id: str
    currency: str | None
    charged: int
    refunded: int
    live_labels: int


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """All money of one currency that was taken and returned, in minor units."""

    currency: str
    charged: int
    refunded: int


class SimulatedLedger:
    """Reads the ledger of the simulated gateways."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def books(
        self, order_ids: Sequence[str] | None = None, *, after: str = "", limit: int = 1000
    ) -> list[OrderBooks]:
        """A page of orders behind the order id `after`, of all or of those given, in order of their ids.

        limit counts orders; an order with charges in several currencies has a row for each. An empty page
        is behind the last.
        """
        if order_ids is None:
            rows = await self._pool.fetch(BOOKS, after, limit)
        else:
            rows = await self._pool.fetch(BOOKS_OF, after, limit, order_ids)
        return [
            OrderBooks(row["order_id"], row["currency"], int(row["charged"]), int(row["refunded"]), row["live_labels"])
            for row in rows
        ]

    async def totals(self) -> list[CurrencyTotal]:
        """What was charged and refunded per currency."""
        rows = await self._pool.fetch(TOTALS)
        return [CurrencyTotal(row["currency"], int(row["charged"]), int(row["refunded"])) for row in rows]
