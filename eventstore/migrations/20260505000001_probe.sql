-- migrate:up

-- One row that readiness checks write: a database that is read-only or out of space shows in no read.
create table eventstore.probe (
    only_row boolean primary key default true check (only_row),
    at timestamptz not null default clock_timestamp()
);
insert into eventstore.probe default values;
grant select, update (at) on eventstore.probe to orders_app;

-- Positions by which the sequence is behind the log; 0 is well. Some restores and logical replication leave sequences behind, and
-- then an append lands below positions that readers have passed. The application has no right to read the sequence itself.
create function eventstore.sequence_lag() returns bigint
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
    return (
        select greatest(0, coalesce((select max(e.position) from eventstore.events e), 0) - s.last_value)
          from eventstore.event_position s
    );
revoke all on function eventstore.sequence_lag() from public;
grant execute on function eventstore.sequence_lag() to orders_app;

-- migrate:down
drop function eventstore.sequence_lag();
drop table eventstore.probe;
