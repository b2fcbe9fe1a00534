-- migrate:up

create schema dispatcher;

-- Events whose workflow could not be started and never will be by trying again: an operator looks at the reason.
create table dispatcher.parked (
    position bigint primary key,
    event_id uuid not null,
    event_type text not null,
    stream text not null,
    reason text not null,
    attempts int not null default 1,
    parked_at timestamptz not null default clock_timestamp(),
    last_attempt_at timestamptz not null default clock_timestamp()
);

grant usage on schema dispatcher to orders_app;
grant select, insert, update, delete on dispatcher.parked to orders_app;

-- migrate:down
drop schema dispatcher cascade;
