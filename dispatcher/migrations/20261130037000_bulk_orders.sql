-- migrate:up

-- Bulk orders: the waiting ones, and the started ones until they have ended or have had their place for five minutes.
create table dispatcher.bulk (
    position bigint primary key,
    event_id uuid not null,
    stream text not null,
    started_at timestamptz
);
create index bulk_waiting on dispatcher.bulk (position) where started_at is null;
create index bulk_started on dispatcher.bulk (started_at) where started_at is not null;
create index bulk_stream on dispatcher.bulk (stream);

grant select, insert, update, delete on dispatcher.bulk to orders_app;

-- migrate:down
drop table dispatcher.bulk;
