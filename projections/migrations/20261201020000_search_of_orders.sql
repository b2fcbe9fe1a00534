-- migrate:up
-- The words by which a search finds an order, and its facts: words and what a list is filtered by. Empty in earlier rows until the
-- read model is rebuilt.
alter table projections.order_dashboard
    add column customer_name text not null default '',
    add column country text collate "C" not null default '',
    add column search_text text collate "C" not null default '';
-- The defaults stay, and come back where they were dropped: during an upgrade a program without these columns writes rows, too.
alter table projections.order_dashboard
    alter column amount_settled set default 0, alter column tags set default '[]', alter column metadata set default '{}';
alter table projections.order_dashboard
    -- A fact begins as no word does, or the search for `pa` would find each order by its payment state.
    add column facts tsvector not null generated always as (array_to_tsvector(string_to_array(search_text, ' ') || array[
        '=status:' || status,
        '=payment:' || payment_state,
        '=country:' || country,
        '=hold:' || case when hold_reason is null then 'no' else 'yes' end,
        '=wait:' || case when hold_reason is null and waits_until is null then 'no' else 'yes' end,
        -- The number of digits and the first two: a range of totals is some of these.
        '=total:' || currency || ':' || length(total::text) || ':' || left(total::text, 2)
    ])) stored;
-- A change of a row waits in a list, which is sorted into the index at this size, in kB: each search reads the list.
create index order_dashboard_facts on projections.order_dashboard using gin (facts) with (gin_pending_list_limit = 512);
-- Waiting orders are one of the facts.
drop index projections.order_dashboard_waiting;

-- As before, with memory for the index of facts: it takes twice the time in the usual 64 MB.
create or replace function projections.index_rebuild(p_table text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp set maintenance_work_mem = '256MB' as $$
declare
    built constant text := projections.rebuilt(p_table);
    definition text;
begin
    for definition in
        select split_part(pg_get_indexdef(indexrelid), ' USING ', 2) from pg_index
         where indrelid = format('projections.%I', p_table)::regclass and not indisprimary
    loop
        execute format('create index on projections.%I using %s', built, definition);
    end loop;
end $$;

-- migrate:down
create or replace function projections.index_rebuild(p_table text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    built constant text := projections.rebuilt(p_table);
    definition text;
begin
    for definition in
        select split_part(pg_get_indexdef(indexrelid), ' USING ', 2) from pg_index
         where indrelid = format('projections.%I', p_table)::regclass and not indisprimary
    loop
        execute format('create index on projections.%I using %s', built, definition);
    end loop;
end $$;
create index order_dashboard_waiting on projections.order_dashboard (placed_position)
    where waits_until is not null or hold_reason is not null;
drop index projections.order_dashboard_facts;
alter table projections.order_dashboard
    alter column metadata drop default, alter column tags drop default, alter column amount_settled drop default,
    drop column facts, drop column search_text, drop column country, drop column customer_name;
