-- migrate:up
create table simulated.attempts (
    key     text collate "C" not null,
    attempt integer not null,
    constraint attempts_pkey primary key (key)
);
comment on table simulated.attempts is 'the last attempt at each charge that was attempted again';
grant select on simulated.attempts to orders_app;

-- A decline is final for its attempt: it is dropped for a higher one, once.
create function simulated.begin_attempt(in_key text, in_attempt integer) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into simulated.attempts as a (key, attempt) values (in_key, in_attempt)
    on conflict on constraint attempts_pkey do update set attempt = excluded.attempt where a.attempt < excluded.attempt;
    if found then
        delete from simulated.charges c where c.key = in_key and c.state = 'declined';
    end if;
end
$$;
revoke all on function simulated.begin_attempt(text, integer) from public;
grant execute on function simulated.begin_attempt(text, integer) to orders_app;

-- migrate:down
drop function simulated.begin_attempt(text, integer);
drop table simulated.attempts;
