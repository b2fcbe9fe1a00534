"""What the gateways have done, simulated or real, added up from their ledgers for an audit."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

_LEDGERS = (
    "simulated.charges",
    "simulated.labels",
    "gateways.stripe_charges",
    "gateways.easypost_shipments",
)

_OF_EACH = "(select distinct l.order_id from {ledger} l where l.order_id > $1 order by l.order_id limit $2)"

_PAGE_OF_ALL = f"""
    select o.order_id
    from ({" union ".join(_OF_EACH.format(ledger=ledger) for ledger in _LEDGERS)}) o
    order by o.order_id
    limit $2
"""

_KNOWN = " or ".join(f"exists (select 1 from {ledger} l where l.order_id = o.order_id)" for ledger in _LEDGERS)

_PAGE_OF_GIVEN = f"""
    select distinct o.order_id collate "C" as order_id
    from unnest($3::text[]) as o (order_id)
    where o.order_id collate "C" > $1 and ({_KNOWN})
    order by 1
    limit $2
"""

# Refunds are summed from their own rows, not from a charge's balance. What Stripe held counts as charged, and what was
# released as refunded, as in the orders' streams; a refund counts once Stripe has named it.
_CHARGES = """
    select c.currency, c.amount as charged, coalesce(r.amount, 0) as refunded, 0 as held
    from simulated.charges c
    left join lateral (
        select sum(f.amount) as amount from simulated.refunds f where f.payment_id = c.payment_id
    ) r on true
    where c.payment_id is not null and {of_whom}
    union all
    select c.currency, c.amount,
        case when c.refund_id = c.intent_id || ':void' then c.amount_returned else coalesce(r.amount, 0) end,
        case when c.state = 'authorised' then c.amount else 0 end
    from gateways.stripe_charges c
    left join lateral (
        select sum(coalesce(f.asking, f.amount)) as amount
        from gateways.stripe_refunds f
        where f.intent_id = c.intent_id and f.state in ('pending', 'succeeded')
    ) r on true
    where c.state in ('authorised', 'succeeded', 'returned') and {of_whom}
"""

_LIVE = """
    select l.key from simulated.labels l where l.order_id = p.order_id and l.state = 'created'
    union all
    select l.key from gateways.easypost_shipments l where l.order_id = p.order_id and l.state in ('bought', 'void_refused')
"""

_SUMS_OF_PAGE = """
with page as ({page}), money as (
    select p.order_id, c.currency, sum(c.charged) as charged, sum(c.refunded) as refunded, sum(c.held) as held
    from page p
    cross join lateral ({charges}) c
    group by p.order_id, c.currency
), parcels as (
    select p.order_id, count(*) as live
    from page p
    cross join lateral ({live}) l
    group by p.order_id
)
select p.order_id, m.currency, coalesce(m.charged, 0) as charged, coalesce(m.refunded, 0) as refunded,
    coalesce(s.live, 0) as live_labels, coalesce(m.held, 0) as held
from page p
left join money m on m.order_id = p.order_id
left join parcels s on s.order_id = p.order_id
order by p.order_id, m.currency
"""

_OF_ORDER = _CHARGES.format(of_whom="c.order_id = p.order_id")

# Walks the order_id indexes of the ledgers, in the page's laterals too: a join from outside would not reach into a union.
BOOKS = _SUMS_OF_PAGE.format(page=_PAGE_OF_ALL, charges=_OF_ORDER, live=_LIVE)

# Looks each order up in the same indexes, so that one order costs the same whatever the number of the others.
BOOKS_OF = _SUMS_OF_PAGE.format(page=_PAGE_OF_GIVEN, charges=_OF_ORDER, live=_LIVE)

# Adds up the whole ledgers in one snapshot; takes no lock.
TOTALS = f"""
select c.currency, sum(c.charged) as charged, sum(c.refunded) as refunded
from ({_CHARGES.format(of_whom="true")}) c
group by c.currency
order by c.currency
"""


@dataclass(frozen=True, slots=True)
class OrderBooks:
    """One order's money in one currency, in minor units, and how many labels of the order are live.

    held: what of the charges is only held, and not captured. currency is None where the gateways hear of the order but
    took no money: declined, or a label alone.
    """

    order_id: str
    currency: str | None
    charged: int
    refunded: int
    live_labels: int
    held: int = 0


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """All money of one currency that was taken and returned, in minor units."""

    currency: str
    charged: int
    refunded: int


class GatewayBooks:
    """Reads the ledgers of all gateways: those of other settings too, for the orders from before they were changed."""

    def __init__(self, pool: asyncpg.Pool) -> None:
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
            OrderBooks(
                order_id=row["order_id"],
                currency=row["currency"],
                charged=int(row["charged"]),
                refunded=int(row["refunded"]),
                live_labels=row["live_labels"],
                held=int(row["held"]),
            )
            for row in rows
        ]

    async def totals(self) -> list[CurrencyTotal]:
        """What was charged and refunded per currency."""
        rows = await self._pool.fetch(TOTALS)
        return [CurrencyTotal(row["currency"], int(row["charged"]), int(row["refunded"])) for row in rows]
