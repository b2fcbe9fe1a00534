"""Statements of stock and reservations, in schema inventory."""

from typing import Final

# Shortages of the requested units, by the primary key of stock. No lock: the units may be gone when they are reserved.
CHECK: Final = """
select w.sku, w.units as requested, coalesce(s.available, 0) as available
from unnest($1::text[], $2::bigint[]) as w (sku, units)
left join inventory.stock s on s.sku = w.sku
where coalesce(s.available, 0) < w.units
order by w.sku collate "C"
"""

# SKUs without a row of stock, by its primary key.
UNKNOWN_SKUS: Final = """
select w.sku from unnest($1::text[]) as w (sku)
where not exists (select from inventory.stock s where s.sku = w.sku)
order by w.sku collate "C"
"""

# Reserve an order's units. Locks the order's reservation row, then the stock rows in SKU order, inside the function.
RESERVE: Final = "select outcome, sku, requested, available from inventory.reserve($1, $2::text[], $3::bigint[])"

# Release an order's reservation. Locks in the order of RESERVE.
RELEASE: Final = "select inventory.release($1)"

# True if the order has a reservation in any state, by the primary key of reservations.
IS_KNOWN: Final = "select exists (select from inventory.reservations where order_id = $1)"

# Set stock levels. Inserts and locks the stock rows in SKU order, inside the function.
IMPORT_LEVELS: Final = "select inventory.import_levels($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5, $6)"

# Set a level or change it, if as many units are available as expected. Locks the stock row inside the function.
ADJUST: Final = "select outcome, available, entry from inventory.adjust($1, $2, $3, $4, $5, $6, $7)"

# Put returned units back. Locks the order's reservation row, then the stock rows in SKU order, inside the function.
RESTOCK: Final = """
select outcome, sku, requested, possible from inventory.restock($1, $2, $3::text[], $4::bigint[], $5, $6)"""

# Columns of an adjustment.
_ADJUSTMENT: Final = """
select a.id, a.sku, a.kind, a.delta as change, a.available_before as before, a.available_before + a.delta as after,
       a.reason, a.actor, a.at, a.order_id, a.refund_id
from inventory.adjustments a
"""

# Read an adjustment, by adjustments_pkey.
GET_ADJUSTMENT: Final = _ADJUSTMENT + "where a.id = $1"

# A restock's entries, by adjustments_refund_key.
RESTOCKED: Final = _ADJUSTMENT + "where a.order_id = $1 and a.refund_id = $2 order by a.sku"

# An order's restocks in order of time, by adjustments_refund_key.
RESTOCKS_OF_ORDER: Final = _ADJUSTMENT + "where a.order_id = $1 order by a.id"

# A page of adjustments, the newest first, by adjustments_pkey.
LIST_ADJUSTMENTS: Final = _ADJUSTMENT + "where a.id < $1 order by a.id desc limit $2"

# A page of one SKU's adjustments, the newest first, by adjustments_by_sku.
LIST_ADJUSTMENTS_OF_SKU: Final = _ADJUSTMENT + "where a.id < $1 and a.sku = $3 order by a.id desc limit $2"

# Store customs data. Locks the rows of customs in SKU order, inside the function.
STORE_CUSTOMS: Final = (
    "select inventory.set_customs($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])"
)

# Read customs data of SKUs, by the primary key of customs.
READ_CUSTOMS: Final = """
select c.sku, c.origin_country, c.hs_code, c.weight_grams, c.customs_value, c.customs_currency
from inventory.customs c where c.sku = any ($1::text[])
"""

# A page of stock levels, by the primary key of stock.
LIST: Final = """
select s.sku, s.name, s.unit_price, s.available, s.reserved
from inventory.stock s
where s.sku > $1
order by s.sku
limit $2
"""

# Read a stock level, by the primary key of stock.
GET: Final = "select s.sku, s.name, s.unit_price, s.available, s.reserved from inventory.stock s where s.sku = $1"

# Reserved units of orders, by reservation_lines_pkey and reservations_pkey.
RESERVED_UNITS: Final = """
select l.order_id, l.sku, l.units from inventory.reservation_lines l join inventory.reservations r using (order_id)
where l.order_id = any ($1::text[]) and r.state = 'reserved'
"""

# A page of orders with reserved units, by reservations_pkey.
ORDERS_WITH_UNITS: Final = """
select r.order_id from inventory.reservations r where r.state = 'reserved' and r.order_id > $1
order by r.order_id limit $2
"""

# SKUs whose figures do not follow from the adjustments and reservations. Sums both from the beginning, in one snapshot
# without locks.
BOOKS: Final = """
with adjusted as (
    select a.sku, sum(a.delta) as units from inventory.adjustments a group by a.sku
), held as (
    select l.sku, sum(l.units) as units
    from inventory.reservation_lines l
    join inventory.reservations r on r.order_id = l.order_id
    where r.state = 'reserved'
    group by l.sku
)
select b.sku, b.adjusted, b.held, b.available, b.reserved
from (
    select s.sku, coalesce(a.units, 0) as adjusted, coalesce(h.units, 0) as held, s.available, s.reserved
    from inventory.stock s
    left join adjusted a on a.sku = s.sku
    left join held h on h.sku = s.sku
) b
where b.adjusted - b.held <> b.available or b.held <> b.reserved
order by b.sku
"""
