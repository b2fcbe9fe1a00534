-- migrate:up
alter table gateways.stripe_refunds add column closed boolean not null default false;
comment on column gateways.stripe_refunds.closed is
    'no longer owed: refused by Stripe for good, withdrawn, or returned in another way; nothing is requested under the key any more';
grant insert (closed), update (closed) on gateways.stripe_refunds to orders_app;

-- migrate:down
alter table gateways.stripe_refunds drop column closed;
