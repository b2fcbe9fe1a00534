-- migrate:up
create table simulated.undecided (
    operation   text not null,
    key         text collate "C" not null,
    state       text not null default 'pending',
    void_reason text,
    at          timestamptz not null default now(),
    constraint undecided_pkey primary key (operation, key),
    constraint undecided_operation check (operation in ('payment.charge', 'payment.void', 'payment.refund')),
    constraint undecided_state check (state in ('pending', 'failed', 'refused', 'closed'))
);
comment on table simulated.undecided is
    'charges and refunds that the provider has not decided, or has refused after that; empty unless someone is rehearsing failure';
comment on column simulated.undecided.void_reason is 'of a pending charge that was voided: undone as soon as it succeeds';

alter table simulated.faults drop constraint faults_kind;
alter table simulated.faults add constraint faults_kind
    check (kind in ('unavailable', 'lost_reply', 'hang', 'late_effect', 'pending', 'refused'));

-- A refund that was made goes back to the charge, and its key keeps the reason.
create function simulated.take_back(in_operation text, in_key text, in_state text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    refund simulated.refunds;
begin
    delete from simulated.refunds r
    where r.key = in_key and r.origin = case in_operation when 'payment.void' then 'void' else 'refund' end
    returning * into refund;
    update simulated.charges c set refunded_amount = c.refunded_amount - refund.amount
    where c.payment_id = refund.payment_id;
    insert into simulated.undecided (operation, key, state) values (in_operation, in_key, in_state)
    on conflict on constraint undecided_pkey do update set state = excluded.state;
end
$$;

-- As simulated.charge. A new charge under the fault 'pending' is taken only when `decide` says so.
create function simulated.charge_or_wait(
    in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text,
    in_decline_above bigint, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out outcome text, out payment_id text, out amount bigint,
    out currency text, out refunded_amount bigint, out code text, out reason text, out pending_since timestamptz
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    waiting simulated.undecided;
begin
    select f.* into fault, fault_delay, outcome, payment_id, amount, currency, refunded_amount, code, reason
    from simulated.charge(in_key, in_fingerprint, in_order_id, in_amount, in_currency, in_decline_above, in_heed_faults) f;
    if fault = 'pending' and outcome = 'charged' then
        insert into simulated.undecided (operation, key)
        select 'payment.charge', c.key from simulated.charges c where c.key = in_key and c.decided_at = now()
        on conflict on constraint undecided_pkey do nothing;
    end if;
    select * into waiting from simulated.undecided u where u.operation = 'payment.charge' and u.key = in_key;
    pending_since := waiting.at;
    if waiting.void_reason is not null then
        outcome := 'voided';
    end if;
end
$$;

-- As simulated.void_charge. state: pending, failed, refused or closed, where the provider has not returned the money.
create function simulated.void_or_wait(
    in_key text, in_reason text, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out payment_id text, out refund_id text, out amount_returned bigint,
    out state text
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    -- The charge's row first, as in void_charge: a charge of this key at the same time is before it or after it.
    perform from simulated.charges c where c.key = in_key for update;
    update simulated.undecided u set void_reason = coalesce(u.void_reason, in_reason)
    where u.operation = 'payment.charge' and u.key = in_key;
    if found then
        select c.payment_id, 0, 'pending' into payment_id, amount_returned, state
        from simulated.charges c where c.key = in_key;
        return;
    end if;
    select f.* into fault, fault_delay, payment_id, refund_id, amount_returned
    from simulated.void_charge(in_key, in_reason, in_heed_faults) f;
    if fault = 'pending' then
        insert into simulated.undecided (operation, key)
        select 'payment.void', r.key from simulated.refunds r where r.origin = 'void' and r.key = in_key and r.at = now()
        on conflict on constraint undecided_pkey do nothing;
    elsif fault = 'refused' and exists (
        select from simulated.refunds r where r.origin = 'void' and r.key = in_key and r.at = now()
    ) then
        perform simulated.take_back('payment.void', in_key, 'refused');
    end if;
    select u.state into state from simulated.undecided u where u.operation = 'payment.void' and u.key = in_key;
end
$$;

-- As simulated.refund; outcome also pending, failed, refused or closed.
create function simulated.refund_or_wait(
    in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean,
    out fault text, out fault_delay double precision, out outcome text, out refund_id text,
    out charged bigint, out refunded bigint, out charge_currency text
)
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    perform from simulated.charges c where c.payment_id = in_payment_id for update;
    select u.state into outcome from simulated.undecided u where u.operation = 'payment.refund' and u.key = in_key;
    if outcome in ('failed', 'refused', 'closed') then
        return;
    end if;
    select f.* into fault, fault_delay, outcome, refund_id, charged, refunded, charge_currency
    from simulated.refund(in_key, in_payment_id, in_amount, in_currency, in_reason, in_heed_faults) f;
    if outcome = 'refunded' and fault in ('pending', 'refused') and exists (
        select from simulated.refunds r where r.origin = 'refund' and r.key = in_key and r.at = now()
    ) then
        if fault = 'pending' then
            insert into simulated.undecided (operation, key) values ('payment.refund', in_key);
        else
            perform simulated.take_back('payment.refund', in_key, 'refused');
        end if;
    end if;
    if outcome = 'refunded' then
        outcome := coalesce(
            (select u.state from simulated.undecided u where u.operation = 'payment.refund' and u.key = in_key), outcome
        );
    end if;
end
$$;

-- Closes a refund that is not made, and returns its state before: null where it is closed, or was not made.
create function simulated.close_refund(in_operation text, in_key text, in_payment_id text) returns text
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    found_state text;
begin
    perform from simulated.charges c where c.payment_id = in_payment_id for update;
    select u.state into found_state from simulated.undecided u where u.operation = in_operation and u.key = in_key;
    if found_state = 'pending' then
        return 'pending';
    end if;
    if exists (
        select from simulated.refunds r
        where r.key = in_key and r.origin = case in_operation when 'payment.void' then 'void' else 'refund' end
    ) then
        return 'made';
    end if;
    insert into simulated.undecided (operation, key, state) values (in_operation, in_key, 'closed')
    on conflict on constraint undecided_pkey do update set state = 'closed';
    return null;
end
$$;

-- The provider's decision on what is pending.
create function simulated.decide(in_operation text, in_key text, in_succeeds boolean) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    waiting simulated.undecided;
begin
    perform from simulated.charges c where c.key = in_key for update;
    delete from simulated.undecided u where u.operation = in_operation and u.key = in_key and u.state = 'pending'
    returning * into waiting;
    if not found then
        return;
    end if;
    if in_operation <> 'payment.charge' then
        if not in_succeeds then
            perform simulated.take_back(in_operation, in_key, 'failed');
        end if;
        return;
    end if;
    if not in_succeeds then
        update simulated.charges c
        set state = 'declined', payment_id = null, decline_code = 'payment_failed',
            decline_reason = 'the bank has refused the debit'
        where c.key = in_key;
    end if;
    if waiting.void_reason is not null then
        perform simulated.void_charge(in_key, waiting.void_reason, false);
    end if;
end
$$;

revoke all on function simulated.take_back(text, text, text) from public;
revoke all on function simulated.charge_or_wait(text, text, text, bigint, text, bigint, boolean) from public;
revoke all on function simulated.void_or_wait(text, text, boolean) from public;
revoke all on function simulated.refund_or_wait(text, text, bigint, text, text, boolean) from public;
revoke all on function simulated.close_refund(text, text, text) from public;
revoke all on function simulated.decide(text, text, boolean) from public;
grant select on simulated.undecided to orders_app;
grant execute on function simulated.charge_or_wait(text, text, text, bigint, text, bigint, boolean),
    simulated.void_or_wait(text, text, boolean), simulated.refund_or_wait(text, text, bigint, text, text, boolean),
    simulated.close_refund(text, text, text), simulated.decide(text, text, boolean) to orders_app;

-- migrate:down
drop function simulated.decide(text, text, boolean);
drop function simulated.close_refund(text, text, text);
drop function simulated.refund_or_wait(text, text, bigint, text, text, boolean);
drop function simulated.void_or_wait(text, text, boolean);
drop function simulated.charge_or_wait(text, text, text, bigint, text, bigint, boolean);
drop function simulated.take_back(text, text, text);
delete from simulated.faults where kind in ('pending', 'refused');
alter table simulated.faults drop constraint faults_kind;
alter table simulated.faults add constraint faults_kind
    check (kind in ('unavailable', 'lost_reply', 'hang', 'late_effect'));
drop table simulated.undecided;
