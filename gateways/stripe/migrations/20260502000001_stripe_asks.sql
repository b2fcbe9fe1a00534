-- migrate:up
alter table gateways.stripe_charges
    add column asks integer not null default 1,
    add constraint stripe_charges_asks_from_1 check (asks >= 1);
comment on column gateways.stripe_charges.asks is
    'part of the idempotency keys sent to Stripe from 2 on: raised where Stripe keeps a failure under the key and would repeat it';

alter table gateways.stripe_refunds
    add column asks integer not null default 1,
    add column asking bigint,
    add column by_hand bigint not null default 0,
    add column manual boolean not null default false,
    drop constraint stripe_refunds_state,
    add constraint stripe_refunds_state check (
        state in ('asked', 'settled', 'failed') or (state in ('pending', 'succeeded') and refund_id is not null)
    ),
    add constraint stripe_refunds_asks_from_1 check (asks >= 1),
    add constraint stripe_refunds_asking_positive check (asking > 0),
    add constraint stripe_refunds_by_hand_within_amount check (by_hand >= 0 and by_hand <= amount);
update gateways.stripe_refunds set manual = true where key = 'stripe:' || refund_id;
comment on column gateways.stripe_refunds.asks is
    'part of the idempotency key sent to Stripe from 2 on: raised after a failure that Stripe keeps, or with another amount';
comment on column gateways.stripe_refunds.asking is
    'the amount last asked of Stripe, where it is not all of the amount: computed anew each time';
comment on column gateways.stripe_refunds.by_hand is
    'the part of the amount that a person has given back at Stripe since it was asked for';
comment on column gateways.stripe_refunds.manual is
    'made at Stripe by a person, and adopted from there';
comment on column gateways.stripe_refunds.state is
    'settled: without a refund of ours, because a person had given the money back or nothing was left of the charge';

create or replace function gateways.stripe_refund_rank(in_state text) returns integer
    language sql immutable
as $$
    select array_position(array['asked', 'settled', 'pending', 'succeeded', 'failed'], in_state)
$$;

grant update (asks) on gateways.stripe_charges to orders_app;
grant insert (at, manual), update (asks, asking, by_hand) on gateways.stripe_refunds to orders_app;

-- migrate:down
revoke insert (at, manual), update (asks, asking, by_hand) on gateways.stripe_refunds from orders_app;
revoke update (asks) on gateways.stripe_charges from orders_app;
create or replace function gateways.stripe_refund_rank(in_state text) returns integer
    language sql immutable
as $$
    select array_position(array['asked', 'pending', 'succeeded', 'failed'], in_state)
$$;
update gateways.stripe_refunds set state = 'failed' where state = 'settled';
alter table gateways.stripe_refunds
    drop constraint stripe_refunds_state,
    add constraint stripe_refunds_state check (
        state in ('asked', 'failed') or (state in ('pending', 'succeeded') and refund_id is not null)
    ),
    drop column asks, drop column asking, drop column by_hand, drop column manual;
alter table gateways.stripe_charges drop column asks;
