"""SQL statements of the exploration."""

from typing import Final

# Time columns of the ledgers that have an order's rows, by relation. Reads the catalogs.
LEDGER_TIMES: Final = """
select c.table_schema || '.' || c.table_name as relation, array_agg(c.column_name::text) as columns
  from information_schema.columns c
 where c.table_schema = 'gateways' and c.data_type = 'timestamp with time zone'
   and exists (select from information_schema.columns o
                where (o.table_schema, o.table_name, o.column_name) = (c.table_schema, c.table_name, 'order_id'))
 group by 1"""

# Sets columns of an order's rows in a ledger of LEDGER_TIMES. By the ledger's index on order_id, or a scan.
SHIFT_TIMES: Final = "update {relation} set {columns} where order_id = $1"

# Number of readers below a position; for a named reader 1 if it is below, or has not begun. By subscriptions_pkey.
READERS_BEHIND: Final = """
select case when $1::text is null then (select count(*) from eventstore.subscriptions s where s.position < $2)
            when exists (select from eventstore.subscriptions s where s.name = $1 and s.position >= $2) then 0
            else 1 end"""

# Position of a stream's last event. By the unique name of streams and the events of a stream.
LAST_POSITION: Final = """
select max(e.position) from eventstore.events e join eventstore.streams s using (stream_id) where s.name = $1"""
