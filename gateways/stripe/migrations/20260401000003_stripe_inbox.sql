-- migrate:up
create table gateways.stripe_inbox (
    event_id    text collate "C" not null,
    type        text not null,
    intent_id   text collate "C" not null,
    created     timestamptz not null,
    received_at timestamptz not null default now(),
    handled_at  timestamptz,
    constraint stripe_inbox_pkey primary key (event_id)
);
create index stripe_inbox_handled_at_idx on gateways.stripe_inbox (handled_at) where handled_at is not null;
comment on table gateways.stripe_inbox is
    'every event of Stripe that concerns one of our intents, once; without handled_at it is acted on when it comes again';

create function gateways.stripe_refund_rank(in_state text) returns integer
    language sql immutable
as $$
    select array_position(array['asked', 'pending', 'succeeded', 'failed'], in_state)
$$;

revoke all on function gateways.stripe_refund_rank(text) from public;
grant execute on function gateways.stripe_refund_rank(text) to orders_app;
grant select, delete on gateways.stripe_inbox to orders_app;
grant insert (event_id, type, intent_id, created) on gateways.stripe_inbox to orders_app;
grant update (handled_at) on gateways.stripe_inbox to orders_app;

-- migrate:down
drop function gateways.stripe_refund_rank(text);
drop table gateways.stripe_inbox;
