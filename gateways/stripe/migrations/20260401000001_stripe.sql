-- migrate:up
create schema gateways;

create table gateways.stripe_charges (
    key              text collate "C" not null,
    order_id         text collate "C",
    fingerprint      text,
    amount           bigint,
    currency         text,
    attempt          integer not null default 1,
    intent_id        text collate "C",
    state            text not null default 'new',
    decline_code     text,
    decline_reason   text,
    void_reason      text,
    authorised_until timestamptz,
    refund_id        text collate "C",
    amount_returned  bigint not null default 0,
    created_at       timestamptz not null default now(),
    updated_at       timestamptz not null default now(),
    voided_at        timestamptz,
    constraint stripe_charges_pkey primary key (key),
    constraint stripe_charges_intent_id_key unique (intent_id),
    constraint stripe_charges_amount_not_negative check (amount >= 0),
    constraint stripe_charges_attempt_from_1 check (attempt >= 1),
    constraint stripe_charges_returned_within_amount check (
        amount_returned >= 0 and amount_returned <= coalesce(amount, 0)
    ),
    constraint stripe_charges_state check (
        state in ('new', 'created', 'authorised', 'succeeded')
        or (state = 'declined' and decline_code is not null and decline_reason is not null)
        or (state in ('voided', 'returned') and voided_at is not null)
    ),
    constraint stripe_charges_facts check (
        (fingerprint is null) = (order_id is null)
        and (fingerprint is null) = (amount is null)
        and (fingerprint is null) = (currency is null)
        and (fingerprint is not null or voided_at is not null)
    )
);
create index stripe_charges_order_id_idx on gateways.stripe_charges (order_id);
create index stripe_charges_authorised_idx on gateways.stripe_charges (authorised_until)
    where state = 'authorised' and voided_at is null;
comment on table gateways.stripe_charges is
    'one row per idempotency key, for good: what we asked of Stripe and what it said last; amounts in minor units';
comment on column gateways.stripe_charges.voided_at is
    'the tombstone: from then on nothing is charged under the key; the state tells whether undoing has ended';
comment on column gateways.stripe_charges.state is
    'voided: undone, nothing had been taken; returned: undone, what was taken or held has gone back';
comment on column gateways.stripe_charges.attempt is
    'part of the idempotency keys sent to Stripe; a declined charge is made anew by a higher one alone';

create table gateways.stripe_refunds (
    key       text collate "C" not null,
    intent_id text collate "C" not null,
    refund_id text collate "C",
    amount    bigint not null,
    currency  text not null,
    reason    text not null,
    state     text not null default 'asked',
    at        timestamptz not null default now(),
    constraint stripe_refunds_pkey primary key (key),
    constraint stripe_refunds_refund_id_key unique (refund_id),
    constraint stripe_refunds_intent_id_fkey foreign key (intent_id) references gateways.stripe_charges (intent_id),
    constraint stripe_refunds_amount_positive check (amount > 0),
    constraint stripe_refunds_state check (
        state in ('asked', 'failed') or (state in ('pending', 'succeeded') and refund_id is not null)
    )
);
create index stripe_refunds_intent_id_idx on gateways.stripe_refunds (intent_id);
create index stripe_refunds_failed_idx on gateways.stripe_refunds (at) where state = 'failed';
comment on table gateways.stripe_refunds is
    'every refund asked of Stripe, those of voided charges included; what is asked for is reserved, failed ones are not';

create function gateways.stripe_rank(in_state text) returns integer
    language sql immutable
as $$
    select array_position(
        array['new', 'created', 'declined', 'voided', 'authorised', 'succeeded', 'returned'], in_state
    )
$$;

-- A late or repeated report must not turn a charge back. Only a new attempt begins anew, behind a decline.
create function gateways.stripe_charge_moves_forward() returns trigger
    language plpgsql
as $$
begin
    if new.attempt < old.attempt
        or (old.voided_at is not null and (new.voided_at is null or new.attempt <> old.attempt))
        or (new.intent_id is distinct from old.intent_id and old.intent_id is not null and new.state <> 'new')
        or (
            gateways.stripe_rank(new.state) < gateways.stripe_rank(old.state)
            and not (old.state = 'declined' and new.state = 'new' and new.attempt > old.attempt)
        )
    then
        raise exception 'charge % of attempt % cannot go from % to %', old.key, old.attempt, old.state, new.state
            using errcode = 'restrict_violation', constraint = 'stripe_charges_forward';
    end if;
    return new;
end
$$;
create trigger stripe_charges_forward before update on gateways.stripe_charges
    for each row execute function gateways.stripe_charge_moves_forward();

revoke all on all functions in schema gateways from public;
grant usage on schema gateways to orders_app;
grant execute on function gateways.stripe_rank(text) to orders_app;
grant select on gateways.stripe_charges, gateways.stripe_refunds to orders_app;
grant insert (key, order_id, fingerprint, amount, currency, attempt, state, void_reason, voided_at)
    on gateways.stripe_charges to orders_app;
grant update (
    attempt, intent_id, state, decline_code, decline_reason, void_reason, authorised_until, refund_id, amount_returned,
    updated_at, voided_at
) on gateways.stripe_charges to orders_app;
grant insert (key, intent_id, amount, currency, reason) on gateways.stripe_refunds to orders_app;
grant update (refund_id, state) on gateways.stripe_refunds to orders_app;

-- migrate:down
drop schema gateways cascade;
