-- migrate:up
create table simulated.late_calls (
    id        bigint generated always as identity,
    operation text not null,
    arguments jsonb not null,
    at        timestamptz not null default now(),
    constraint late_calls_pkey primary key (id)
);
comment on table simulated.late_calls is
    'calls that their callers gave up and that have not reached the gateway yet; empty unless someone is rehearsing failure';

alter table simulated.faults drop constraint faults_kind;
alter table simulated.faults add constraint faults_kind
    check (kind in ('unavailable', 'lost_reply', 'hang', 'late_effect'));

-- As before, and a late effect is a hang without an end: the caller gives up, and somebody delivers the call later.
create or replace function simulated.draw_fault(
    in_operation text, in_heed boolean, out fault text, out fault_delay double precision
)
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
    if switch.kind = 'late_effect' then
        fault := 'hang';
        return;
    end if;
    fault := switch.kind;
    fault_delay := switch.delay_seconds;
end
$$;

grant select, insert, delete on simulated.late_calls to orders_app;

-- migrate:down
delete from simulated.faults where kind = 'late_effect';
alter table simulated.faults drop constraint faults_kind;
alter table simulated.faults add constraint faults_kind check (kind in ('unavailable', 'lost_reply', 'hang'));
drop table simulated.late_calls;
