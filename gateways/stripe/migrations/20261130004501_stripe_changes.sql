-- migrate:up
alter table gateways.stripe_charges
    add column released bigint not null default 0,
    add constraint stripe_charges_released_within_amount check (released >= 0 and released <= coalesce(amount, 0));
comment on column gateways.stripe_charges.released is
    'the part of an authorisation that was released at Stripe by hand, or not captured there, and so never taken';

alter table gateways.stripe_refunds
    add column adjusted bigint not null default 0,
    add constraint stripe_refunds_adjusted_within_amount check (adjusted >= 0 and adjusted <= amount);
comment on column gateways.stripe_refunds.adjusted is
    'the part of a refund by hand that covers no request: recorded in the order''s stream by itself, and credited to none';
create index stripe_refunds_by_hand_idx on gateways.stripe_refunds (at) where manual and adjusted = 0;

create table gateways.stripe_disputes (
    dispute_id text collate "C" not null,
    intent_id  text collate "C" not null,
    amount     bigint not null,
    state      text not null,
    at         timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint stripe_disputes_pkey primary key (dispute_id),
    constraint stripe_disputes_intent_id_fkey foreign key (intent_id) references gateways.stripe_charges (intent_id),
    constraint stripe_disputes_amount_not_negative check (amount >= 0),
    constraint stripe_disputes_state check (state in ('disputed', 'dispute_won', 'dispute_lost'))
);
create index stripe_disputes_intent_id_idx on gateways.stripe_disputes (intent_id);
create index stripe_disputes_open_idx on gateways.stripe_disputes (at) where state = 'disputed';
comment on table gateways.stripe_disputes is
    'every dispute of our charges, inquiries excluded; amounts in minor units of the charge''s currency';

grant update (released) on gateways.stripe_charges to orders_app;
grant update (adjusted) on gateways.stripe_refunds to orders_app;
grant select, insert (dispute_id, intent_id, amount, state, at), update (amount, state, updated_at)
    on gateways.stripe_disputes to orders_app;

-- migrate:down
drop table gateways.stripe_disputes;
alter table gateways.stripe_refunds drop column adjusted;
alter table gateways.stripe_charges drop column released;
