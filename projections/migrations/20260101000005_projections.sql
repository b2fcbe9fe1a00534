-- migrate:up

create schema projections;

-- A row per order. `placed_position` never changes: it is what pages of orders, newest first, go by.
create table projections.order_dashboard (
    order_id text collate "C" not null,
    customer_id text collate "C" not null,
    status text collate "C" not null,
    payment_state text collate "C" not null,
    currency text collate "C" not null,
    total bigint not null,
    units bigint not null,
    amount_paid bigint not null,
    amount_refunded bigint not null,
    hold_reason text,
    reason text,
    cancelled_by text,
    tracking_number text,
    carrier text,
    placed_at timestamptz not null,
    updated_at timestamptz not null,
    confirmed_at timestamptz,
    paid_at timestamptz,
    shipped_at timestamptz,
    cancelled_at timestamptz,
    refunded_at timestamptz,
    placed_position bigint not null,
    position bigint not null,
    constraint order_dashboard_pkey primary key (order_id)
);
-- Partial, and true of every row: only the unfiltered list says it, so that no plan walks all orders for a rare status.
create index order_dashboard_newest on projections.order_dashboard (placed_position) where placed_position > 0;
create index order_dashboard_by_status on projections.order_dashboard (status, placed_position);
create index order_dashboard_by_customer on projections.order_dashboard (customer_id, placed_position);

-- A row per customer and currency. A sum of amounts that each fit bigint need not fit bigint.
create table projections.customer_orders (
    customer_id text collate "C" not null,
    currency text collate "C" not null,
    order_count bigint not null,
    shipped_count bigint not null,
    cancelled_count bigint not null,
    total_spend numeric not null,
    first_order_at timestamptz not null,
    last_order_at timestamptz not null,
    position bigint not null,
    constraint customer_orders_pkey primary key (customer_id, currency)
);
create index customer_orders_by_spend on projections.customer_orders (currency, total_spend desc, customer_id);

-- Events that a projection could not take, each with its reason. A rebuild by a program that can take them empties it.
create table projections.parked (
    projection text collate "C" not null,
    position bigint not null,
    reason text not null,
    at timestamptz not null default clock_timestamp(),
    constraint parked_pkey primary key (projection, position)
);

-- Puts the table <name>_rebuild in the place of <name>, indexes under their old names, so that the schema stays what the
-- migrations made. Indexes are paired by what they say after USING: LIKE INCLUDING ALL copies that and makes up names.
create function projections.swap_in(p_table text) returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    live constant regclass := format('projections.%I', p_table);
    built constant regclass := format('projections.%I', p_table || '_rebuild');
    renames constant text[] := array(
        select format('alter index %s rename to %I', b.indexrelid::regclass, c.relname)
          from pg_index l
          join pg_class c on c.oid = l.indexrelid
          join pg_index b on b.indrelid = built
           and (b.indisprimary, b.indisunique, split_part(pg_get_indexdef(b.indexrelid), ' USING ', 2))
             = (l.indisprimary, l.indisunique, split_part(pg_get_indexdef(l.indexrelid), ' USING ', 2))
         where l.indrelid = live);
    rename text;
begin
    execute format('drop table %s', live);
    execute format('alter table %s rename to %I', built, p_table);
    foreach rename in array renames loop
        execute rename;
    end loop;
end $$;

-- Derived data: the application may throw it away and build it anew, so it owns the tables. Giving them away takes membership of
-- the role, which a superuser has by nature and others may give themselves where they made the role.
do $$
begin
    if not pg_catalog.pg_has_role(current_user, 'orders_app', 'member') then
        execute format('grant orders_app to %I', current_user);
    end if;
end $$;
grant usage, create on schema projections to orders_app;
alter table projections.order_dashboard owner to orders_app;
alter table projections.customer_orders owner to orders_app;
grant select, insert, update, delete on projections.parked to orders_app;
revoke all on function projections.swap_in(text) from public;
grant execute on function projections.swap_in(text) to orders_app;

-- migrate:down
drop schema projections cascade;
