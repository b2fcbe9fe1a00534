-- migrate:up

create schema webhooks;

-- Who is told, of what, and where. `starts_after` and `disabled_after` are positions of the log; the two of a replay
-- are set while one is under way.
create table webhooks.endpoints (
    id text collate "C" not null,
    url text not null,
    topics text[] not null,
    description text not null,
    enabled boolean not null default true,
    disabled_reason text,
    disabled_after bigint,
    starts_after bigint not null,
    replay_after bigint,
    replay_until bigint,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    constraint endpoints_pkey primary key (id)
);

-- All that sign for an endpoint at a time: after a rotation the older ones do so until they expire.
create table webhooks.secrets (
    endpoint_id text collate "C" not null references webhooks.endpoints (id) on delete cascade,
    secret text not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz,
    constraint secrets_pkey primary key (endpoint_id, secret)
);

-- A row per event and endpoint. The body is not in it: it is made from the log at each attempt, the same every time.
-- `since` is when it last became pending, which is what the days of trying count from.
create table webhooks.deliveries (
    endpoint_id text collate "C" not null references webhooks.endpoints (id) on delete cascade,
    position bigint not null,
    order_id text collate "C" not null,
    event_id uuid not null,
    event_type text collate "C" not null,
    state text collate "C" not null default 'pending' constraint deliveries_state check (state in ('pending', 'delivered', 'parked')),
    signalled_at timestamptz,
    attempts int not null default 0,
    last_status int,
    last_error text,
    last_response text,
    next_attempt_at timestamptz,
    since timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    constraint deliveries_pkey primary key (endpoint_id, position)
);
create index deliveries_pending on webhooks.deliveries (endpoint_id, order_id, position) where state = 'pending';
create index deliveries_unsignalled on webhooks.deliveries (position, endpoint_id)
    where state = 'pending' and signalled_at is null;
create index deliveries_ended on webhooks.deliveries (ended_at) where state = 'delivered';
create index deliveries_newest on webhooks.deliveries (position, endpoint_id);
create index deliveries_by_state on webhooks.deliveries (state, position, endpoint_id);

grant usage on schema webhooks to orders_app;
grant select, insert, update, delete on webhooks.endpoints, webhooks.secrets, webhooks.deliveries to orders_app;

-- migrate:down
drop schema webhooks cascade;
