-- migrate:up
-- Functions that run with their caller's rights find nothing but what is built in, whatever stands in schemas on the caller's path.
alter function eventstore.refuse_change() set search_path = pg_catalog, pg_temp;

-- So that `orders health` sees as the application whether a migration is missing, and runs nothing as the login for it.
do $$
begin
    if to_regclass('public.schema_migrations') is not null then
        grant select on public.schema_migrations to orders_app;
    end if;
end $$;

-- A database from before PostgreSQL 15 lets every role create in public, where a function is found by whoever leaves the schema away.
-- Where public belongs to an administrator, `orders health` names it.
do $$
begin
    if exists (select from pg_namespace where nspname = 'public' and pg_has_role(nspowner, 'usage')) then
        revoke create on schema public from public, orders_app;
    end if;
end $$;

-- migrate:down
alter function eventstore.refuse_change() reset search_path;
