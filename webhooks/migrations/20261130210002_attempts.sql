-- migrate:up
-- Each attempt at a delivery, deleted with it. response: the first kilobyte.
create table webhooks.attempts (
    endpoint_id text collate "C" not null,
    position bigint not null,
    at timestamptz not null default clock_timestamp(),
    status int,
    error text,
    response text,
    constraint attempts_pkey primary key (endpoint_id, position, at),
    constraint attempts_of_delivery foreign key (endpoint_id, position) references webhooks.deliveries on delete cascade
);
grant select, insert, update, delete on webhooks.attempts to orders_app;
create index deliveries_by_order on webhooks.deliveries (order_id, position, endpoint_id);
create index deliveries_by_type on webhooks.deliveries (event_type, position, endpoint_id);

-- migrate:down
drop index webhooks.deliveries_by_type;
drop index webhooks.deliveries_by_order;
drop table webhooks.attempts;
