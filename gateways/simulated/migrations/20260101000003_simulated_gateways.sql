-- migrate:up
create schema simulated;

create table simulated.charges (
    key             text collate "C" not null,
    state           text not null,
    fingerprint     text,
    order_id        text collate "C",
    amount          bigint,
    currency        text,
    payment_id      text collate "C",
    refunded_amount bigint not null default 0,
    decline_code    text,
    decline_reason  text,
    void_reason     text,
    decided_at      timestamptz,
    voided_at       timestamptz,
    constraint charges_pkey primary key (key),
    constraint charges_payment_id_key unique (payment_id),
    constraint charges_amount_not_negative check (amount >= 0),
    constraint charges_refunded_within_amount check (
        refunded_amount >= 0 and refunded_amount <= case when payment_id is null then 0 else amount end
    ),
    constraint charges_state check (
        (state = 'charged' and payment_id is not null)
        or (state = 'declined' and payment_id is null and decline_code is not null)
        or (state = 'voided' and voided_at is not null)
    ),
    constraint charges_facts check (
        (fingerprint is null) = (order_id is null)
        and (fingerprint is null) = (amount is null)
        and (fingerprint is null) = (currency is null)
        and (fingerprint is not null or (state = 'voided' and payment_id is null))
    )
);
create index charges_order_id_idx on simulated.charges (order_id);
comment on table simulated.charges is
    'one row per idempotency key, for good; a voided row without a payment is the tombstone of a charge that never came';
comment on column simulated.charges.fingerprint is 'hash of the request: names the content without keeping it';

create table simulated.refunds (
    origin     text not null,
    key        text collate "C" not null,
    refund_id  text collate "C" not null,
    payment_id text collate "C" not null,
    amount     bigint not null,
    currency   text not null,
    reason     text not null,
    at         timestamptz not null default now(),
    constraint refunds_pkey primary key (origin, key),
    constraint refunds_refund_id_key unique (refund_id),
    constraint refunds_payment_id_fkey foreign key (payment_id) references simulated.charges (payment_id),
    constraint refunds_origin check (origin in ('refund', 'void')),
    constraint refunds_amount_positive check (amount > 0)
);
create index refunds_payment_id_idx on simulated.refunds (payment_id);
comment on column simulated.refunds.origin is
    'whose key it is: that of a refund, or that of a charge undone by a void; the two never collide';

create table simulated.labels (
    key             text collate "C" not null,
    state           text not null,
    fingerprint     text,
    order_id        text collate "C",
    units           bigint,
    shipment_id     text collate "C",
    tracking_number text,
    carrier         text,
    refusal_reason  text,
    void_reason     text,
    decided_at      timestamptz,
    voided_at       timestamptz,
    constraint labels_pkey primary key (key),
    constraint labels_shipment_id_key unique (shipment_id),
    constraint labels_tracking_number_key unique (tracking_number),
    constraint labels_units_positive check (units > 0),
    constraint labels_state check (
        (state = 'created' and shipment_id is not null)
        or (state = 'refused' and shipment_id is null and refusal_reason is not null)
        or (state = 'voided' and voided_at is not null)
    ),
    constraint labels_facts check (
        (fingerprint is null) = (order_id is null)
        and (fingerprint is null) = (units is null)
        and (shipment_id is null) = (tracking_number is null)
        and (shipment_id is null) = (carrier is null)
        and (fingerprint is not null or (state = 'voided' and shipment_id is null))
    )
);
create index labels_order_id_idx on simulated.labels (order_id);
comment on table simulated.labels is 'one row per idempotency key, for good, as in charges';

create table simulated.faults (
    operation     text not null,
    kind          text not null,
    probability   double precision not null default 1,
    remaining     integer,
    delay_seconds double precision not null default 0,
    constraint faults_pkey primary key (operation),
    constraint faults_operation check (
        operation in ('payment.charge', 'payment.void', 'payment.refund', 'shipping.create', 'shipping.void')
    ),
    constraint faults_kind check (kind in ('unavailable', 'lost_reply', 'hang')),
    constraint faults_probability check (probability >= 0 and probability <= 1),
    constraint faults_remaining_not_negative check (remaining >= 0),
    constraint faults_delay_not_negative check (delay_seconds >= 0)
);
comment on table simulated.faults is 'empty unless someone is rehearsing failure; each call looks here first';
comment on column simulated.faults.remaining is 'how many more calls it hits; null for no end';

-- Finds nothing in an empty table unless a switch is on. Only a counted switch is written to, and is locked to
-- the end of the call so that exactly that many calls are hit.
create function simulated.draw_fault(in_operation text, in_heed boolean, out fault text, out fault_delay double precision)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    switch simulated.faults;
begin
    if not in_heed then
        return;
    end if;
    select * into switch from simulated.faults f where f.operation = in_operation;
    if not found or random() >= switch.probability then
        return;
    end if;
    if switch.remaining is not null then
        update simulated.faults f set remaining = f.remaining - 1
        where f.operation = in_operation and f.remaining > 0
        returning f.* into switch;
        if not found then
            return;
        end if;
    end if;
    fault := switch.kind;
    fault_delay := switch.delay_seconds;
end
$$;

-- The insert is the gate: whoever comes second with the same key waits for the first to commit and then reads
-- what it left, a void included.
create function simulated.charge(
    in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text,
    in_decline_above bigint, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out outcome text, out payment_id text, out amount bigint,
    out currency text, out refunded_amount bigint, out code text, out reason text
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    charge simulated.charges;
    declined constant boolean := coalesce(in_amount > in_decline_above, false);
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.charge', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.charges (
        key, state, fingerprint, order_id, amount, currency, payment_id, decline_code, decline_reason, decided_at
    )
    values (
        in_key,
        case when declined then 'declined' else 'charged' end,
        in_fingerprint, in_order_id, in_amount, in_currency,
        case when not declined then 'pay_' || replace(gen_random_uuid()::text, '-', '') end,
        case when declined then 'amount_above_limit' end,
        case when declined then 'the amount is above the limit' end,
        now()
    )
    on conflict on constraint charges_pkey do nothing
    returning * into charge;
    if not found then
        select * into strict charge from simulated.charges c where c.key = in_key;
    end if;

    outcome := case
        when charge.state = 'voided' then 'voided'
        when charge.fingerprint <> in_fingerprint then 'conflict'
        else charge.state
    end;
    payment_id := charge.payment_id;
    amount := charge.amount;
    currency := charge.currency;
    refunded_amount := charge.refunded_amount;
    code := charge.decline_code;
    reason := charge.decline_reason;
end
$$;

create function simulated.void_charge(
    in_key text, in_reason text, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out payment_id text, out refund_id text, out amount_returned bigint
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    charge simulated.charges;
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.void', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.charges (key, state, void_reason, voided_at)
    values (in_key, 'voided', in_reason, now())
    on conflict on constraint charges_pkey do nothing;
    select * into strict charge from simulated.charges c where c.key = in_key for update;

    if charge.state <> 'voided' then
        insert into simulated.refunds (origin, key, refund_id, payment_id, amount, currency, reason)
        select 'void', in_key, 're_' || replace(gen_random_uuid()::text, '-', ''), charge.payment_id,
            charge.amount - charge.refunded_amount, charge.currency, in_reason
        where charge.payment_id is not null and charge.amount > charge.refunded_amount;
        update simulated.charges c
        set state = 'voided', void_reason = in_reason, voided_at = now(),
            refunded_amount = case when c.payment_id is null then 0 else c.amount end
        where c.key = in_key;
    end if;

    payment_id := charge.payment_id;
    select r.refund_id, r.amount into refund_id, amount_returned
    from simulated.refunds r where r.origin = 'void' and r.key = in_key;
    amount_returned := coalesce(amount_returned, 0);
end
$$;

-- The charge's row is locked before its balance is read, so two refunds at the same time are one after the other.
create function simulated.refund(
    in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out outcome text, out refund_id text,
    out charged bigint, out refunded bigint, out charge_currency text
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    charge simulated.charges;
    earlier simulated.refunds;
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.refund', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    select * into charge from simulated.charges c where c.payment_id = in_payment_id for update;
    charged := charge.amount;
    refunded := charge.refunded_amount;
    charge_currency := charge.currency;

    select * into earlier from simulated.refunds r where r.origin = 'refund' and r.key = in_key;
    if found then
        outcome := case
            when earlier.payment_id = in_payment_id and earlier.amount = in_amount and earlier.currency = in_currency
            then 'refunded' else 'conflict'
        end;
        refund_id := earlier.refund_id;
    elsif charge.key is null then
        outcome := 'no_such_payment';
    elsif charge.currency <> in_currency then
        outcome := 'other_currency';
    elsif in_amount > charge.amount - charge.refunded_amount then
        outcome := 'exceeds';
    else
        insert into simulated.refunds (origin, key, refund_id, payment_id, amount, currency, reason)
        values (
            'refund', in_key, 're_' || replace(gen_random_uuid()::text, '-', ''), in_payment_id, in_amount,
            in_currency, in_reason
        )
        on conflict on constraint refunds_pkey do nothing
        returning refund_id into refund_id;
        if not found then
            outcome := 'conflict';
        else
            update simulated.charges c set refunded_amount = c.refunded_amount + in_amount where c.key = charge.key;
            outcome := 'refunded';
        end if;
    end if;
end
$$;

create function simulated.create_label(
    in_key text, in_fingerprint text, in_order_id text, in_units bigint, in_carrier text,
    in_unavailable_above bigint, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out outcome text, out shipment_id text,
    out tracking_number text, out carrier text, out reason text
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    label simulated.labels;
    refused constant boolean := coalesce(in_units > in_unavailable_above, false);
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('shipping.create', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.labels (
        key, state, fingerprint, order_id, units, shipment_id, tracking_number, carrier, refusal_reason, decided_at
    )
    values (
        in_key,
        case when refused then 'refused' else 'created' end,
        in_fingerprint, in_order_id, in_units,
        case when not refused then 'shp_' || replace(gen_random_uuid()::text, '-', '') end,
        case when not refused then 'TRK' || upper(left(replace(gen_random_uuid()::text, '-', ''), 16)) end,
        case when not refused then in_carrier end,
        case when refused then 'Shipping unavailable' end,
        now()
    )
    on conflict on constraint labels_pkey do nothing
    returning * into label;
    if not found then
        select * into strict label from simulated.labels l where l.key = in_key;
    end if;

    outcome := case
        when label.state = 'voided' then 'voided'
        when label.fingerprint <> in_fingerprint then 'conflict'
        else label.state
    end;
    shipment_id := label.shipment_id;
    tracking_number := label.tracking_number;
    carrier := label.carrier;
    reason := label.refusal_reason;
end
$$;

create function simulated.void_label(
    in_key text, in_reason text, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out existed boolean
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('shipping.void', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.labels as l (key, state, void_reason, voided_at)
    values (in_key, 'voided', in_reason, now())
    on conflict on constraint labels_pkey do update
    set state = 'voided',
        void_reason = coalesce(l.void_reason, excluded.void_reason),
        voided_at = coalesce(l.voided_at, excluded.voided_at)
    returning l.shipment_id is not null into existed;
end
$$;

revoke all on all functions in schema simulated from public;
grant usage on schema simulated to orders_app;
grant select on all tables in schema simulated to orders_app;
grant insert, update, delete on simulated.faults to orders_app;
grant execute on all functions in schema simulated to orders_app;
revoke execute on function simulated.draw_fault(text, boolean) from orders_app;

-- migrate:down
drop schema simulated cascade;
