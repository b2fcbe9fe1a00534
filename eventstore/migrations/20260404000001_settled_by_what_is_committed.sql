-- migrate:up
-- The head is the last event committed, not the sequence's last_value: while a sequence logs ahead, which is at every 32nd position, a
-- concurrent select from it can see the value logged, up to 32 positions that nobody has drawn yet. A reader that took those for
-- settled never saw their events.
-- An event below the head that is not committed yet has its position from before the head's commit, and its writer the lock from
-- before that: the list that follows names it. Waits only for the appends in flight when called.
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

-- migrate:down
create or replace function eventstore.settled() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    head bigint;
    writers text[];
begin
    select case when is_called then last_value else last_value - 1 end into head from eventstore.event_position;
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
