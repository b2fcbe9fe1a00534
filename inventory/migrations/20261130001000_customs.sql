-- migrate:up
create table inventory.customs (
    sku              text collate "C" not null,
    origin_country   text,
    hs_code          text,
    weight_grams     bigint,
    customs_value    bigint,
    customs_currency text,
    constraint customs_pkey primary key (sku),
    constraint customs_sku_fkey foreign key (sku) references inventory.stock (sku),
    constraint customs_origin_country check (origin_country ~ '^[A-Z]{2}$'),
    constraint customs_hs_code check (hs_code ~ '^[0-9.]{6,14}$'),
    constraint customs_weight_grams_positive check (weight_grams > 0),
    constraint customs_value_positive check (customs_value > 0),
    constraint customs_value_has_currency check ((customs_value is null) = (customs_currency is null)),
    constraint customs_currency check (customs_currency ~ '^[A-Z]{3}$')
);
comment on table inventory.customs is 'customs data of one unit of a SKU, from the stock file';
comment on column inventory.customs.customs_value is 'minor units of customs_currency';

-- Locks the rows in SKU order. A value and its currency are replaced together.
create function inventory.set_customs(
    in_skus text[], in_origins text[], in_hs_codes text[], in_grams bigint[], in_values bigint[], in_currencies text[]
)
    returns void
    language sql security definer set search_path = pg_catalog, pg_temp
as $$
    insert into inventory.customs as c (sku, origin_country, hs_code, weight_grams, customs_value, customs_currency)
    select w.sku, w.origin, w.hs_code, w.grams, w.value, w.currency
    from unnest(in_skus, in_origins, in_hs_codes, in_grams, in_values, in_currencies)
        as w (sku, origin, hs_code, grams, value, currency)
    order by w.sku collate "C"
    on conflict on constraint customs_pkey do update
    set origin_country = coalesce(excluded.origin_country, c.origin_country),
        hs_code = coalesce(excluded.hs_code, c.hs_code),
        weight_grams = coalesce(excluded.weight_grams, c.weight_grams),
        customs_value = coalesce(excluded.customs_value, c.customs_value),
        customs_currency = coalesce(excluded.customs_currency, c.customs_currency);
$$;

revoke all on function inventory.set_customs(text[], text[], text[], bigint[], bigint[], text[]) from public;
grant execute on function inventory.set_customs(text[], text[], text[], bigint[], bigint[], text[]) to orders_app;
grant select on inventory.customs to orders_app;

-- migrate:down
drop function inventory.set_customs(text[], text[], text[], bigint[], bigint[], text[]);
drop table inventory.customs;
