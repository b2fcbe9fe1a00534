-- migrate:up

create schema web;

-- The answer to each POST that came with an Idempotency-Key, for a day. `status` is null while it is being answered, until
-- `locked_until` at the latest: whoever was at it has then gone, and `owner` keeps its late word from counting.
create table web.idempotency_keys (
    scope text collate "C" not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    owner uuid not null,
    locked_until timestamptz not null,
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz not null default clock_timestamp(),
    constraint idempotency_keys_pkey primary key (scope, key)
);
create index idempotency_keys_by_age on web.idempotency_keys (created_at);

grant usage on schema web to orders_app;
grant select, insert, update, delete on web.idempotency_keys to orders_app;

-- migrate:down
drop schema web cascade;
