-- migrate:up
alter table simulated.charges add column attempt integer not null default 1;
comment on column simulated.charges.attempt is 'a declined charge is decided again for a higher attempt alone';

-- As simulated.charge without in_attempt, which processes from before this migration call, and a decline is final for its attempt.
create function simulated.charge(
    in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text,
    in_decline_above bigint, in_attempt integer, in_heed_faults boolean,
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

    insert into simulated.charges as c (
        key, state, fingerprint, order_id, amount, currency, payment_id, decline_code, decline_reason, decided_at, attempt
    )
    values (
        in_key,
        case when declined then 'declined' else 'charged' end,
        in_fingerprint, in_order_id, in_amount, in_currency,
        case when not declined then 'pay_' || replace(gen_random_uuid()::text, '-', '') end,
        case when declined then 'amount_above_limit' end,
        case when declined then 'the amount is above the limit' end,
        now(), in_attempt
    )
    on conflict on constraint charges_pkey do update
    set state = excluded.state, payment_id = excluded.payment_id, decline_code = excluded.decline_code,
        decline_reason = excluded.decline_reason, decided_at = now(), attempt = in_attempt
    where c.state = 'declined' and c.attempt < in_attempt and c.fingerprint = in_fingerprint
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
revoke all on function simulated.charge(text, text, text, bigint, text, bigint, integer, boolean) from public;
grant execute on function simulated.charge(text, text, text, bigint, text, bigint, integer, boolean) to orders_app;

-- migrate:down
drop function simulated.charge(text, text, text, bigint, text, bigint, integer, boolean);
alter table simulated.charges drop column attempt;
