"""The SQL of this package, each statement with the index that it uses."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from projections.columns import columns
from projections.customer_orders import CustomerRow
from projections.daily_figures import SUMMED
from projections.order_dashboard import OrderRow

_SELECTED: Final = f"select {', '.join(columns(OrderRow))}"
_ORDER: Final = f"{_SELECTED} from projections.order_dashboard"
_CUSTOMER: Final = f"select {', '.join(columns(CustomerRow))} from projections.customer_orders"
_PLACED: Final = "placed_position < $1"
_NEWEST: Final = "order by placed_position desc"
_OF_PERIOD: Final = "placed_at >= $3 and placed_at <= $4 and (placed_at, placed_position) < ($5, $1)"
_LATEST: Final = "order by placed_at desc, placed_position desc"
_RECENT: Final = 10_000  # orders of a search by the order of the list, before one by the index of a filter

# Conditions of the lists of orders, by filter: order_dashboard_by_status, _by_customer, _facts, _tags and _metadata. The last
# two are partial: their conditions name the predicate. The smallest and the largest total are exact where the facts are not.
_CONDITIONS: Final = {
    "status": "status = ${}",
    "customer_id": "customer_id = ${}",
    "facts": "facts @@ ${}::text::tsquery",
    "least": "total >= ${}",
    "most": "total <= ${}",
    "tags": "tags <> '[]' and tags @> ${}::jsonb",
    "metadata": "metadata <> '{{}}' and metadata @> ${}::jsonb",
}
# One order: order_dashboard_pkey.
GET_ORDER: Final = f"{_ORDER} where order_id = $1"
# Orders by status: the whole table, a row per status, kept by triggers.
COUNTS_BY_STATUS: Final = "select status, orders from projections.order_counts where orders > 0 order by status"
# The status of some orders: order_dashboard_pkey.
STATUSES: Final = "select order_id, status from projections.order_dashboard where order_id = any ($1::text[])"
# Customers by id: customer_orders_pkey.
LIST_CUSTOMERS: Final = f"{_CUSTOMER} where (customer_id, currency) > ($1, $2) order by customer_id, currency limit $3"
# One customer: customer_orders_pkey.
GET_CUSTOMER: Final = f"{_CUSTOMER} where customer_id = $1 order by currency"
# The first few customers of each currency: customer_orders_by_spend, by a skip from currency to currency.
TOP_CUSTOMERS: Final = f"""
with recursive currencies (currency) as (
    (select currency from projections.customer_orders order by currency limit 1)
    union all
    select (select c.currency from projections.customer_orders c
             where c.currency > f.currency order by c.currency limit 1)
      from currencies f where f.currency is not null
)
select top.* from currencies f cross join lateral (
    {_CUSTOMER} c where c.currency = f.currency order by c.total_spend desc, c.customer_id limit $1) top
 order by top.currency, top.total_spend desc, top.customer_id"""
# Revenue by currency: the whole table, a row per currency, kept by triggers.
REVENUE: Final = "select currency, amount from projections.revenue order by currency"

_DAYS: Final = "unnest($1::date[], $2::timestamptz[], $3::timestamptz[]) as d (day, since, before)"
# Figures by day and currency: daily_figures_pkey, a range for each day.
FIGURES: Final = f"""
select d.day, f.* from {_DAYS} cross join lateral (
    select currency, {", ".join(f"sum({name})" for name in SUMMED)} from projections.daily_figures
     where quarter >= d.since and quarter < d.before group by currency) f
 order by d.day, f.currency"""
# Seconds from placed to shipped of the orders placed on each day: order_dashboard_by_time, a range for each day.
SHIPPING_TIMES: Final = f"""
select d.day, o.* from {_DAYS} cross join lateral (
    select count(*) as orders,
           percentile_cont(array[0.5, 0.9]) within group (order by extract(epoch from shipped_at - placed_at))
      from projections.order_dashboard
     where placed_at >= d.since and placed_at < d.before and shipped_at is not null) o
 where o.orders > 0 order by d.day"""

# Age of the oldest order of each open status that is not on hold and no waiting one of an import: the first such row of
# order_dashboard_by_status, then the event by its primary key.
OLDEST_OPEN_ORDERS: Final = """
select s.status, extract(epoch from clock_timestamp() - e.recorded_at)::float
  from unnest($1::text[]) s (status)
 cross join lateral (select o.placed_position from projections.order_dashboard o
                      where o.status = s.status and o.hold_reason is null
                        and not exists (select from dispatcher.bulk b
                                         where b.position = o.placed_position and b.started_at is null)
                      order by o.placed_position limit 1) o
  join eventstore.events e on e.position = o.placed_position"""
# Age of the newest order: the last row of the partial index order_dashboard_newest, then the event by its primary key.
NEWEST_ORDER: Final = """
select extract(epoch from clock_timestamp() - e.recorded_at)::float
  from (select placed_position from projections.order_dashboard
         where placed_position > 0 order by placed_position desc limit 1) o
  join eventstore.events e on e.position = o.placed_position"""
# Open orders on hold, by the whole partial index order_dashboard_on_hold.
ORDERS_ON_HOLD: Final = """
select count(*) from projections.order_dashboard where hold_reason is not null and status = any ($1)"""
# Cancelled orders whose money has not gone back, by the whole partial index order_dashboard_owed.
ORDERS_OWED: Final = """
select currency, count(*), sum(amount_paid - amount_refunded)::float,
       extract(epoch from clock_timestamp() - min(cancelled_at))::float
  from projections.order_dashboard where status = 'cancelled' and payment_state = 'paid' and amount_settled = 0
 group by currency"""
# Totals of the order dashboard, and the same counted from its rows: both tables whole, as the audit reads them anyway.
ORDER_COUNTS: Final = "select status, orders from projections.order_counts"
ORDERS_BY_STATUS: Final = "select status, count(*) from projections.order_dashboard group by status"
# Spend of the customers by currency, added up from their rows: the whole table.
SPEND_BY_CURRENCY: Final = "select currency, sum(total_spend) from projections.customer_orders group by currency"

# One rebuild of a projection at a time: an advisory lock until the end of the transaction, and so of the process.
ONLY_ONE: Final = "select pg_try_advisory_xact_lock(hashtextextended('projections.rebuild:' || $1, 0))"
# Rebuilds in progress and their positions: the server's locks, which are few, then subscriptions_pkey.
RUNNING: Final = """
select w.name, coalesce(s.position, 0) from unnest($1::text[]) as w (name)
  left join eventstore.subscriptions s on s.name = w.name || ':rebuild'
 where hashtextextended('projections.rebuild:' || w.name, 0) in (
    select (classid::bigint << 32) | objid::bigint from pg_locks
     where locktype = 'advisory' and objsubid = 1 and granted
       and database = (select oid from pg_database where datname = current_database()))"""
# Make the empty table of a rebuild, with the owner's rights; the application owns no table.
BEGIN: Final = "select projections.begin_rebuild($1)"
# Make the indexes of a rebuilt table, with the owner's rights.
INDEX: Final = "select projections.index_rebuild($1)"
# Replace a table by its rebuilt one, with the owner's rights: an exclusive lock on both.
SWAP_IN: Final = "select projections.swap_in($1)"
# Forget the checkpoint of a rebuild: subscriptions_pkey.
DROP_CHECKPOINT: Final = "delete from eventstore.subscriptions where name = $1"


@cache
def list_orders(filters: tuple[str, ...], of_period: bool) -> str:
    """Orders by the index of a filter; without one by order_dashboard_newest, which is partial, those of a period by _by_time.
    One statement that tests its parameters for null could not choose."""
    if of_period:
        return f"{_ORDER} where {' and '.join(filter(None, (_conditions(filters, 6), _OF_PERIOD)))} {_LATEST} limit $2"
    return f"{_ORDER} where {_conditions(filters, 3) or 'placed_position > 0'} and {_PLACED} {_NEWEST} limit $2"


@cache
def search_recent(filters: tuple[str, ...], of_period: bool) -> str:
    """Orders found among the last ones: order_dashboard_newest, those of a period by _by_time."""
    within, ordered, first = (
        (_OF_PERIOD, _LATEST, 6) if of_period else (f"placed_position > 0 and {_PLACED}", _NEWEST, 3)
    )
    return f"""
with orders as (select * from projections.order_dashboard where {within} {ordered} limit {_RECENT})
{_SELECTED} from orders where {_conditions(filters, first)} {ordered} limit $2"""


@cache
def search_all(filters: tuple[str, ...], of_period: bool) -> str:
    """Orders found among all, then sorted: order_dashboard_facts, _tags or _metadata, then _pkey. Materialized, so that no plan
    goes through all orders in the order of the list to save the sort; of keys alone, so that thousands fit into memory."""
    within, ordered, first = (_OF_PERIOD, _LATEST, 6) if of_period else (_PLACED, _NEWEST, 3)
    return f"""
with found as materialized (select order_id, placed_at, placed_position from projections.order_dashboard
                             where {_conditions(filters, first)}),
     page as (select order_id from found where {within} {ordered} limit $2)
{_ORDER} join page using (order_id) {ordered}"""


def _conditions(filters: tuple[str, ...], first: int) -> str:
    return " and ".join(_CONDITIONS[name].format(number) for number, name in enumerate(filters, first))


def load_rows(table: str, types: Mapping[str, str], key: Iterable[str]) -> str:
    """Rows by key: the table's primary key, once per row."""
    return f"""
select {", ".join(types)} from projections.{table}
  join unnest({_arrays(types[name] for name in key)}) as wanted ({", ".join(key)}) using ({", ".join(key)})"""


def upsert_rows(table: str, types: Mapping[str, str], key: Iterable[str]) -> str:
    """Write whole rows: the table's primary key. The one writer holds the checkpoint's row, so that their order is free."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in types if name not in key)
    return f"""
insert into projections.{table} ({", ".join(types)}) select * from unnest({_arrays(types.values())})
    on conflict ({", ".join(key)}) do update set {changed}"""


def _arrays(types: Iterable[str]) -> str:
    return ", ".join(f"${number}::{sql_type}[]" for number, sql_type in enumerate(types, 1))
