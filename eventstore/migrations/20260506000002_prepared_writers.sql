-- migrate:up
-- A prepared transaction writes without a process: its locks have no pid, and a comparison with null left them out. Its events
-- would have become visible below a head that readers had passed.
create or replace function eventstore.settled() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    head bigint;
    writers text[];
begin
    select coalesce(max(position), 0) into head from eventstore.events;
    select array_agg(virtualtransaction) into writers from pg_locks
     where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())
       and pid is distinct from pg_backend_pid();
    while writers is not null loop
        perform pg_sleep(0.0005);
        select array_agg(virtualtransaction) into writers from pg_locks
         where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
           and virtualtransaction = any (writers);
    end loop;
    return head;
end $$;

-- migrate:down
create or replace function eventstore.settled() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    head bigint;
    writers text[];
begin
    select coalesce(max(position), 0) into head from eventstore.events;
    select array_agg(virtualtransaction) into writers from pg_locks
     where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())
       and pid <> pg_backend_pid();
    while writers is not null loop
        perform pg_sleep(0.0005);
        select array_agg(virtualtransaction) into writers from pg_locks
         where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
           and virtualtransaction = any (writers);
    end loop;
    return head;
end $$;
