-- migrate:up
-- Occurrences by quarter of an hour, UTC, and currency.
create table projections.daily_figures (
    quarter timestamptz not null,
    currency text collate "C" not null,
    placed bigint not null,
    placed_amount numeric not null,
    charged bigint not null,
    charged_amount numeric not null,
    shipped bigint not null,
    shipped_amount numeric not null,
    cancelled bigint not null,
    refunded bigint not null,
    refunded_amount numeric not null,
    position bigint not null,
    constraint daily_figures_pkey primary key (quarter, currency)
);
grant select, insert, update, delete on projections.daily_figures to orders_app;
do $owner$
begin
    execute format('alter table projections.daily_figures owner to %I',
        (select r.rolname from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'projections'));
end $owner$;

create or replace function projections.rebuilt(p_table text) returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if p_table is null or p_table not in ('order_dashboard', 'customer_orders', 'daily_figures') then
        raise exception 'there is no read model % to build anew', p_table using errcode = 'invalid_parameter_value';
    end if;
    return p_table || '_rebuild';
end $$;

-- migrate:down
create or replace function projections.rebuilt(p_table text) returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if p_table is null or p_table not in ('order_dashboard', 'customer_orders') then
        raise exception 'there is no read model % to build anew', p_table using errcode = 'invalid_parameter_value';
    end if;
    return p_table || '_rebuild';
end $$;
drop table if exists projections.daily_figures_rebuild, projections.daily_figures;
