-- migrate:up
-- Parked events of every consumer of the log: the consumer could not process the event, went on behind it, and kept the reason.
create table eventstore.parked (
    consumer text collate "C" not null,
    position bigint not null,
    reason text not null,
    attempts int not null default 1,
    parked_at timestamptz not null default clock_timestamp(),
    last_attempt_at timestamptz not null default clock_timestamp(),
    -- Of the dispatcher's events, for programs of the version before, which find them in the view dispatcher.parked by `on conflict
    -- (position)`. To be dropped with the two views.
    dispatched bigint,
    event_id uuid,
    event_type text,
    stream text,
    constraint parked_pkey primary key (consumer, position),
    constraint parked_dispatched_key unique (dispatched)
);

-- The audit of a program of the version before reads projections.parked in a long transaction: this wait must not hold up the dispatcher's.
lock table projections.parked in access exclusive mode;
lock table dispatcher.parked in access exclusive mode;
insert into eventstore.parked (consumer, position, reason, parked_at, last_attempt_at)
select projection, position, reason, at, at from projections.parked;
insert into eventstore.parked (consumer, position, reason, attempts, parked_at, last_attempt_at, dispatched, event_id, event_type, stream)
select 'dispatcher', position, reason, attempts, parked_at, last_attempt_at, position, event_id, event_type, stream from dispatcher.parked;
drop table projections.parked;
drop table dispatcher.parked;

-- The same columns as the tables had, so that statements prepared before go on.
create view projections.parked as
select consumer as projection, position, reason, parked_at as at from eventstore.parked where dispatched is null;
create view dispatcher.parked as
select dispatched as position, event_id, event_type, stream, reason, attempts, parked_at, last_attempt_at
  from eventstore.parked where dispatched is not null;

create function eventstore.parked_by_the_dispatcher() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.dispatched is not null then -- inserted into the view
        new.consumer := 'dispatcher';
        new.position := new.dispatched;
    elsif new.consumer = 'dispatcher' then
        new.dispatched := new.position;
        select e.id, e.type, s.name into new.event_id, new.event_type, new.stream
          from eventstore.events e join eventstore.streams s using (stream_id) where e.position = new.position;
    end if;
    return new;
end $$;
create trigger by_the_dispatcher before insert on eventstore.parked
    for each row execute function eventstore.parked_by_the_dispatcher();

revoke all on function eventstore.parked_by_the_dispatcher() from public;
grant select, insert, update, delete on eventstore.parked, projections.parked, dispatcher.parked to orders_app;

-- migrate:down
create table dispatcher.parked_again (
    position bigint not null,
    event_id uuid not null,
    event_type text not null,
    stream text not null,
    reason text not null,
    attempts int not null default 1,
    parked_at timestamptz not null default clock_timestamp(),
    last_attempt_at timestamptz not null default clock_timestamp()
);
create table projections.parked_again (
    projection text collate "C" not null,
    position bigint not null,
    reason text not null,
    at timestamptz not null default clock_timestamp()
);
lock table eventstore.parked in access exclusive mode;
insert into dispatcher.parked_again select * from dispatcher.parked;
insert into projections.parked_again select * from projections.parked;
drop view dispatcher.parked;
drop view projections.parked;
drop table eventstore.parked;
drop function eventstore.parked_by_the_dispatcher();
alter table dispatcher.parked_again rename to parked;
alter table dispatcher.parked add constraint parked_pkey primary key (position);
alter table projections.parked_again rename to parked;
alter table projections.parked add constraint parked_pkey primary key (projection, position);
grant select, insert, update, delete on dispatcher.parked, projections.parked to orders_app;
