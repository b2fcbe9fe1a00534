-- migrate:up
-- The application's role owns nothing any more: the owner of a table may hang on it a policy, a trigger or an expression, and each of
-- these runs with the rights of any role that touches the table, such as the one that migrates.
-- Where that has happened, the migration stops and names it. The list is that of eventstore/planted.py; here it holds under the lock.
do $handover$
declare
    heir constant text := (select r.rolname from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'projections');
    read_models constant text[] := array['order_dashboard', 'customer_orders', 'order_counts', 'revenue'];
    planted text;
    read_model text;
    acl record;
begin
    revoke create on schema projections from orders_app;
    for look in 1..2 loop
        select string_agg(described, ', ') into planted from (
    with trusted as (
        select oid from pg_roles
         where rolsuper or rolname = current_user
            or oid = (select datdba from pg_database where datname = current_database())
            or oid = (select nspowner from pg_namespace where nspname = 'eventstore')
    ), owned as (
        select d.classid, d.objid, i.type, i.schema, i.name, i.identity
          from pg_shdepend d, pg_identify_object(d.classid, d.objid, 0) i
         where d.deptype = 'o' and d.refclassid = 'pg_authid'::regclass and d.refobjid not in (select oid from trusted)
           and d.dbid = (select oid from pg_database where datname = current_database())
           and (coalesce(i.schema, i.name) in ('dispatcher', 'eventstore', 'gateways', 'inventory', 'projections', 'simulated',
                                               'web', 'webhooks')
                or i.identity = 'public.schema_migrations')
    ), given as (
        select c.* from pg_class c join owned o on o.classid = 'pg_class'::regclass and o.objid = c.oid
         where c.relkind = 'r' and c.relpersistence = 'p' and o.schema = 'projections'
    )
    select type || ' ' || identity from owned
     where not (classid = 'pg_class'::regclass and objid in (select oid from given))
    union all
    select 'row security on ' || oid::regclass from given where relrowsecurity or relforcerowsecurity
    union all
    select 'policy ' || polname || ' on ' || polrelid::regclass from pg_policy
     where polrelid in (select oid from given)
    union all
    select 'trigger ' || t.tgname || ' on ' || t.tgrelid::regclass
      from pg_trigger t join given g on g.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal
       and (t.tgqual is not null or p.pronamespace <> g.relnamespace or p.proowner not in (select oid from trusted))
    union all
    select 'rule ' || rulename || ' on ' || ev_class::regclass from pg_rewrite where ev_class in (select oid from given)
    union all
    select 'default or generated column of ' || adrelid::regclass from pg_attrdef
     where adrelid in (select oid from given)
    union all
    select 'constraint ' || conname || ' on ' || conrelid::regclass from pg_constraint
     where (conrelid in (select oid from given) and contype not in ('p', 'n'))
        or confrelid in (select oid from given)
    union all
    select 'index ' || indexrelid::regclass from pg_index
     where indrelid in (select oid from given)
       and (indexprs is not null
            or exists (select from pg_depend where classid = 'pg_class'::regclass and objid = indexrelid
                          and refclassid not in ('pg_class'::regclass, 'pg_constraint'::regclass)))
    union all
    select 'statistics ' || stxname || ' on ' || stxrelid::regclass from pg_statistic_ext
     where stxrelid in (select oid from given)
    union all
    select 'column ' || attname || ' of ' || attrelid::regclass from pg_attribute
     where attrelid in (select oid from given) and attnum > 0 and not attisdropped
       and atttypid not in (select oid from pg_type where typnamespace = 'pg_catalog'::regnamespace)
    union all
    select 'inheritance of ' || inhrelid::regclass || ' from ' || inhparent::regclass from pg_inherits
     where inhrelid in (select oid from given) or inhparent in (select oid from given)
) as list (described);
        if planted is not null then
            raise exception 'these could run with the owner''s rights, and another role has made them: %', planted
                using errcode = 'insufficient_privilege', hint = 'Find out how they came there, drop them as the owner, and migrate again.';
        end if;
        lock table projections.order_dashboard, projections.customer_orders, projections.order_counts, projections.revenue
            in access exclusive mode;
    end loop;

    -- What an interrupted rebuild has left; the next one begins anew.
    drop table if exists projections.order_dashboard_rebuild, projections.customer_orders_rebuild;
    foreach read_model in array read_models loop
        execute format('alter table projections.%I owner to %I', read_model, heir);
        -- A former owner may have granted what lets others hang triggers on the table. Reading stays with all who had it.
        for acl in
            select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee,
                   bool_or(a.privilege_type = 'SELECT' and a.of_the_table) as reads
              from (select (aclexplode(c.relacl)).*, true as of_the_table from pg_class c
                     where c.oid = format('projections.%I', read_model)::regclass
                    union all
                    select (aclexplode(t.attacl)).*, false from pg_attribute t
                     where t.attrelid = format('projections.%I', read_model)::regclass and t.attacl is not null) a
             where a.grantee <> (select oid from pg_roles where rolname = heir) group by a.grantee
        loop
            execute format('revoke all on projections.%I from %s cascade', read_model, acl.grantee);
            if acl.reads then
                execute format('grant select on projections.%I to %s', read_model, acl.grantee);
            end if;
        end loop;
        execute format('grant select, insert, update, delete on projections.%I to orders_app', read_model);
    end loop;

    select string_agg(c.oid::regclass::text, ', ') into planted from pg_class c
     where c.relnamespace = 'projections'::regnamespace and c.relowner = 'orders_app'::regrole;
    if planted is not null then
        raise exception 'another role than the owner has made tables in the schema projections: %', planted
            using errcode = 'insufficient_privilege', hint = 'Find out how they came there, drop them as the owner, and migrate again.';
    end if;
end $handover$;

-- A rebuild makes, indexes and swaps tables with the owner's rights. The names of the read models that can be built anew are here and
-- nowhere else; nothing of a caller's goes into a statement.
create function projections.rebuilt(p_table text) returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if p_table is null or p_table not in ('order_dashboard', 'customer_orders') then
        raise exception 'there is no read model % to build anew', p_table using errcode = 'invalid_parameter_value';
    end if;
    return p_table || '_rebuild';
end $$;

-- An empty table <name>_rebuild, with the primary key alone: the others of its indexes are made at the end. Drops an earlier one.
create function projections.begin_rebuild(p_table text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    built constant text := projections.rebuilt(p_table);
begin
    execute format('drop table if exists projections.%I', built);
    execute format('create table projections.%I (like projections.%I including all excluding indexes)', built, p_table);
    execute format('alter table projections.%I add %s', built,
        (select pg_get_constraintdef(oid) from pg_constraint
          where conrelid = format('projections.%I', p_table)::regclass and contype = 'p'));
    execute format('grant select, insert, update, delete on projections.%I to orders_app', built);
end $$;

create function projections.index_rebuild(p_table text) returns void
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

-- As before, with the owner's rights, for the read models that can be built anew.
create or replace function projections.swap_in(p_table text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    live constant regclass := format('projections.%I', p_table);
    built constant regclass := format('projections.%I', projections.rebuilt(p_table));
    renames constant text[] := array(
        select format('alter index %s rename to %I', b.indexrelid::regclass, c.relname)
          from pg_index l
          join pg_class c on c.oid = l.indexrelid
          join pg_index b on b.indrelid = built
           and (b.indisprimary, b.indisunique, split_part(pg_get_indexdef(b.indexrelid), ' USING ', 2))
             = (l.indisprimary, l.indisunique, split_part(pg_get_indexdef(l.indexrelid), ' USING ', 2))
         where l.indrelid = live);
    triggers constant text[] := array(
        select pg_get_triggerdef(oid) from pg_trigger where tgrelid = live and not tgisinternal);
    change text;
begin
    execute format('drop table %s', live);
    execute format('alter table %s rename to %I', built, p_table);
    foreach change in array renames || triggers loop
        execute change;
    end loop;
    perform projections.recount(p_table);
end $$;

revoke all on function projections.rebuilt(text), projections.begin_rebuild(text), projections.index_rebuild(text) from public;
grant execute on function projections.begin_rebuild(text), projections.index_rebuild(text) to orders_app;
-- Triggers need no right of the role that fires them, and counting anew is a part of the swap.
revoke execute on function projections.order_counts_inserted(), projections.order_counts_updated(), projections.revenue_inserted(),
    projections.revenue_updated(), projections.recount(text) from orders_app;

-- Where an administrator migrates, what a rebuild makes is the owner's all the same.
do $owner$
declare
    heir constant text := (select r.rolname from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'projections');
    made text;
begin
    for made in
        select oid::regprocedure::text from pg_proc where pronamespace = 'projections'::regnamespace and pg_get_userbyid(proowner) <> heir
    loop
        execute format('alter function %s owner to %I', made, heir);
    end loop;
end $owner$;

-- migrate:down
grant create on schema projections to orders_app;
grant execute on function projections.order_counts_inserted(), projections.order_counts_updated(), projections.revenue_inserted(),
    projections.revenue_updated(), projections.recount(text) to orders_app;
alter function projections.swap_in(text) security invoker;
create or replace function projections.rebuilt(p_table text) returns text language sql set search_path = pg_catalog, pg_temp
    as $$ select p_table || '_rebuild' $$;
grant execute on function projections.rebuilt(text) to orders_app;
drop function projections.index_rebuild(text);
drop function projections.begin_rebuild(text);
alter table projections.order_dashboard owner to orders_app;
alter table projections.customer_orders owner to orders_app;
alter table projections.order_counts owner to orders_app;
alter table projections.revenue owner to orders_app;
