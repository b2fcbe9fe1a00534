-- migrate:up
-- As set_levels, with a person's reason beside the kind. set_levels stays for processes of the version before.
create function inventory.import_levels(
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

    insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor)
    select s.sku, 'import', w.units - s.available, s.available, in_reason, in_actor
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

revoke all on function inventory.import_levels(text[], bigint[], text[], bigint[], text, text) from public;
grant execute on function inventory.import_levels(text[], bigint[], text[], bigint[], text, text) to orders_app;

-- migrate:down
drop function inventory.import_levels(text[], bigint[], text[], bigint[], text, text);
