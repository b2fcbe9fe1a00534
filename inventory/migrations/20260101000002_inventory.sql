-- migrate:up
create schema inventory;

create table inventory.stock (
    sku        text collate "C" not null,
    name       text,
    unit_price bigint,
    available  bigint not null default 0,
    reserved   bigint not null default 0,
    constraint stock_pkey primary key (sku),
    constraint stock_sku_length check (char_length(sku) between 1 and 128),
    constraint stock_unit_price_not_negative check (unit_price >= 0),
    constraint stock_available_not_negative check (available >= 0),
    constraint stock_reserved_not_negative check (reserved >= 0)
) with (fillfactor = 70);
comment on column inventory.stock.unit_price is 'integer minor units';
comment on column inventory.stock.reserved is
    'units of reservations not released, shipped ones included: kept here so that a listing costs the same whatever the number of orders';

create table inventory.reservations (
    order_id    text collate "C" not null,
    state       text not null,
    reserved_at timestamptz,
    released_at timestamptz,
    constraint reservations_pkey primary key (order_id),
    constraint reservations_state check (
        (state = 'reserved' and reserved_at is not null and released_at is null)
        or (state = 'released' and released_at is not null)
    )
);
comment on table inventory.reservations is
    'one row per order, for good: a released row is the tombstone that refuses a reserve which arrives late';

create table inventory.reservation_lines (
    order_id text collate "C" not null,
    sku      text collate "C" not null,
    units    bigint not null,
    constraint reservation_lines_pkey primary key (order_id, sku),
    constraint reservation_lines_order_id_fkey foreign key (order_id) references inventory.reservations (order_id),
    constraint reservation_lines_sku_fkey foreign key (sku) references inventory.stock (sku),
    constraint reservation_lines_units_positive check (units > 0)
);

create table inventory.adjustments (
    id     bigint generated always as identity,
    sku    text collate "C" not null,
    delta  bigint not null,
    reason text not null,
    actor  text not null,
    at     timestamptz not null default now(),
    constraint adjustments_pkey primary key (id),
    constraint adjustments_sku_fkey foreign key (sku) references inventory.stock (sku),
    constraint adjustments_delta_not_zero check (delta <> 0)
);

-- The reservation row is taken first and the stock rows after it in SKU order, here and in release, so that
-- no two calls can wait for each other.
create function inventory.reserve(in_order_id text, in_skus text[], in_units bigint[])
    returns table (outcome text, sku text, requested bigint, available bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    current_state text;
begin
    insert into inventory.reservations (order_id, state, reserved_at)
    values (in_order_id, 'reserved', now())
    on conflict on constraint reservations_pkey do nothing;

    if not found then
        select r.state into strict current_state
        from inventory.reservations r where r.order_id = in_order_id for update;
        if current_state = 'released' then
            return query select 'released', null::text, null::bigint, null::bigint;
        elsif exists (
            select 1
            from unnest(in_skus, in_units) as w (sku, units)
            full join (
                select l.sku, l.units from inventory.reservation_lines l where l.order_id = in_order_id
            ) held on held.sku = w.sku
            where held.units is distinct from w.units
        ) then
            return query select 'conflict', null::text, null::bigint, null::bigint;
        else
            return query select 'reserved', null::text, null::bigint, null::bigint;
        end if;
        return;
    end if;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;

    return query
        select 'insufficient', w.sku, w.units, coalesce(s.available, 0)
        from unnest(in_skus, in_units) as w (sku, units)
        left join inventory.stock s on s.sku = w.sku
        where coalesce(s.available, 0) < w.units
        order by w.sku collate "C";
    if found then
        delete from inventory.reservations r where r.order_id = in_order_id;
        return;
    end if;

    update inventory.stock s
    set available = s.available - w.units, reserved = s.reserved + w.units
    from unnest(in_skus, in_units) as w (sku, units)
    where s.sku = w.sku;
    insert into inventory.reservation_lines (order_id, sku, units)
    select in_order_id, w.sku, w.units from unnest(in_skus, in_units) as w (sku, units);
    return query select 'reserved', null::text, null::bigint, null::bigint;
end
$$;

-- Answers whether units of this order have gone back, now or in an earlier call, so that a retry hears the same.
create function inventory.release(in_order_id text)
    returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    current_state text;
begin
    insert into inventory.reservations (order_id, state, released_at)
    values (in_order_id, 'released', now())
    on conflict on constraint reservations_pkey do nothing;
    if found then
        return false;
    end if;

    select r.state into strict current_state
    from inventory.reservations r where r.order_id = in_order_id for update;
    if current_state = 'reserved' then
        perform 1
        from inventory.stock s
        where s.sku in (select l.sku from inventory.reservation_lines l where l.order_id = in_order_id)
        order by s.sku
        for no key update;
        update inventory.stock s
        set available = s.available + l.units, reserved = s.reserved - l.units
        from inventory.reservation_lines l
        where l.order_id = in_order_id and s.sku = l.sku;
        update inventory.reservations r
        set state = 'released', released_at = now()
        where r.order_id = in_order_id;
    end if;
    return exists (select 1 from inventory.reservation_lines l where l.order_id = in_order_id);
end
$$;

-- New rows are inserted in SKU order and existing ones locked in SKU order after that; a reserve cannot see the
-- new rows before they are committed, so it never waits for one while holding another.
create function inventory.set_levels(
    in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text
)
    returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into inventory.stock (sku)
    select w.sku from unnest(in_skus) as w (sku) order by w.sku collate "C"
    on conflict on constraint stock_pkey do nothing;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;

    insert into inventory.adjustments (sku, delta, reason, actor)
    select s.sku, w.units - s.available, in_reason, in_actor
    from unnest(in_skus, in_units) as w (sku, units)
    join inventory.stock s on s.sku = w.sku
    where w.units <> s.available
    order by s.sku;
    update inventory.stock s
    set available = w.units, name = coalesce(w.name, s.name), unit_price = coalesce(w.unit_price, s.unit_price)
    from unnest(in_skus, in_units, in_names, in_unit_prices) as w (sku, units, name, unit_price)
    where s.sku = w.sku;
end
$$;

revoke all on all functions in schema inventory from public;
grant usage on schema inventory to orders_app;
grant select on all tables in schema inventory to orders_app;
grant execute on all functions in schema inventory to orders_app;

-- migrate:down
drop schema inventory cascade;
