-- migrate:up
alter table inventory.adjustments
    add column kind             text,
    add column available_before bigint,
    add column request_id       text,
    add column order_id         text collate "C",
    add column refund_id        text collate "C",
    alter column reason drop not null,
    drop constraint adjustments_delta_not_zero;
update inventory.adjustments set kind = case reason when 'import' then 'import' else 'set' end;
update inventory.adjustments set reason = null where reason in ('set', 'import');
alter table inventory.adjustments
    alter column kind set not null,
    add constraint adjustments_kind check (kind in ('import', 'set', 'adjust', 'restock')),
    add constraint adjustments_restock_of_a_refund check ((kind = 'restock') = (order_id is not null and refund_id is not null));
create unique index adjustments_request_id_key on inventory.adjustments (request_id) where request_id is not null;
create unique index adjustments_refund_key on inventory.adjustments (order_id, refund_id, sku) where order_id is not null;
create index adjustments_by_sku on inventory.adjustments (sku, id);
comment on table inventory.adjustments is
    'changes of available units by persons, append-only; a set that confirms the level is among them, an unchanged line of an import is not';
comment on column inventory.adjustments.available_before is 'null in entries from before this column';
comment on column inventory.adjustments.request_id is 'id of the request, which has one effect however often it is repeated';

-- Locks as before: the new rows are inserted in SKU order, then all rows locked in SKU order.
create or replace function inventory.set_levels(
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

    insert into inventory.adjustments (sku, kind, delta, available_before, actor)
    select s.sku, in_reason, w.units - s.available, s.available, in_actor
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

-- One of in_level and in_change is null. The stock row's lock also orders repetitions of one request: the later finds the entry of
-- the first. A new SKU's row stays only where nothing can be refused after it.
create function inventory.adjust(
    in_sku text, in_level bigint, in_change bigint, in_expected bigint, in_reason text, in_actor text, in_request_id text
)
    returns table (outcome text, available bigint, entry bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    present bigint;
    known bigint;
begin
    if in_level is not null and coalesce(in_expected, 0) = 0 then
        insert into inventory.stock (sku) values (in_sku) on conflict on constraint stock_pkey do nothing;
    end if;
    select s.available into present from inventory.stock s where s.sku = in_sku for no key update;
    if present is null then
        return query select 'unknown', 0::bigint, null::bigint;
        return;
    end if;

    select a.id into known from inventory.adjustments a where a.request_id = in_request_id;
    if known is not null then
        return query select 'done', present, known;
    elsif in_expected <> present then
        return query select 'unexpected', present, null::bigint;
    elsif in_change < -present then
        return query select 'below', present, null::bigint;
    elsif in_change > 9223372036854775807 - present then
        return query select 'above', present, null::bigint;
    else
        return query
            with changed as (
                update inventory.stock s set available = coalesce(in_level, present + in_change) where s.sku = in_sku
                returning s.available
            )
            insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor, request_id)
            select in_sku, case when in_level is null then 'adjust' else 'set' end, changed.available - present, present,
                in_reason, in_actor, in_request_id
            from changed
            returning 'done', available_before + delta, id;
    end if;
end
$$;

-- Units of a shipped order go back once for each refund, and never more of a SKU than the order has reserved. The reservation's
-- lock orders the restocks of one order; the stock rows are locked after it in SKU order, as in reserve.
create function inventory.restock(
    in_order_id text, in_refund_id text, in_skus text[], in_units bigint[], in_reason text, in_actor text
)
    returns table (outcome text, sku text, requested bigint, possible bigint)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    perform 1 from inventory.reservations r where r.order_id = in_order_id and r.state = 'reserved' for update;
    if not found then
        return query select 'unreserved', null::text, null::bigint, null::bigint;
        return;
    end if;

    if exists (select from inventory.adjustments a where a.order_id = in_order_id and a.refund_id = in_refund_id) then
        return query
            select case when bool_or(a.delta is distinct from w.units) then 'conflict' else 'repeated' end,
                null::text, null::bigint, null::bigint
            from unnest(in_skus, in_units) as w (sku, units)
            full join (
                select d.sku, d.delta from inventory.adjustments d where d.order_id = in_order_id and d.refund_id = in_refund_id
            ) a on a.sku = w.sku;
        return;
    end if;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;
    return query
        select 'excess', w.sku, w.units, b.possible
        from unnest(in_skus, in_units) as w (sku, units)
        cross join lateral (
            select least(
                coalesce(
                    (select l.units from inventory.reservation_lines l where l.order_id = in_order_id and l.sku = w.sku), 0
                ) - coalesce(
                    (select sum(a.delta) from inventory.adjustments a where a.order_id = in_order_id and a.sku = w.sku), 0
                ),
                9223372036854775807 - coalesce((select s.available from inventory.stock s where s.sku = w.sku), 0)
            )::bigint as possible
        ) b
        where w.units > b.possible
        order by w.sku collate "C";
    if found then
        return;
    end if;

    insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor, order_id, refund_id)
    select s.sku, 'restock', w.units, s.available, in_reason, in_actor, in_order_id, in_refund_id
    from unnest(in_skus, in_units) as w (sku, units)
    join inventory.stock s on s.sku = w.sku
    order by s.sku;
    update inventory.stock s
    set available = s.available + w.units
    from unnest(in_skus, in_units) as w (sku, units)
    where s.sku = w.sku;
    return query select 'done', null::text, null::bigint, null::bigint;
end
$$;

revoke all on function inventory.adjust(text, bigint, bigint, bigint, text, text, text) from public;
revoke all on function inventory.restock(text, text, text[], bigint[], text, text) from public;
grant execute on function inventory.adjust(text, bigint, bigint, bigint, text, text, text) to orders_app;
grant execute on function inventory.restock(text, text, text[], bigint[], text, text) to orders_app;

-- migrate:down
drop function inventory.restock(text, text, text[], bigint[], text, text);
drop function inventory.adjust(text, bigint, bigint, bigint, text, text, text);
create or replace function inventory.set_levels(
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
delete from inventory.adjustments where delta = 0;
update inventory.adjustments set reason = kind;
drop index inventory.adjustments_by_sku;
alter table inventory.adjustments
    drop column refund_id,
    drop column order_id,
    drop column request_id,
    drop column available_before,
    drop column kind,
    alter column reason set not null,
    add constraint adjustments_delta_not_zero check (delta <> 0);
