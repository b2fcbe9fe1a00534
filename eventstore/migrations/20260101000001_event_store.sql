-- migrate:up

-- The role of every application connection. Roles belong to the cluster, not to the database: another database may have made it,
-- or be making it now.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'orders_app') then
        create role orders_app nologin;
        -- From PostgreSQL 16 on, making a role does not by itself allow `set role` to it.
        execute pg_catalog.format('grant orders_app to %I', current_user);
    end if;
exception when duplicate_object or unique_violation then
    null;
end $$;

create schema eventstore;

-- CACHE 1 and drawn only inside append(): eventstore.settled() relies on both.
create sequence eventstore.event_position as bigint cache 1;

create table eventstore.streams (
    stream_id bigint generated always as identity primary key,
    name text collate "C" not null,
    category text collate "C" not null generated always as (split_part(name, '-', 1)) stored,
    version bigint not null,
    created_at timestamptz not null default clock_timestamp(),
    constraint streams_name_key unique (name),
    constraint streams_name_size check (octet_length(name) between 1 and 512)
) with (fillfactor = 70);

create table eventstore.events (
    position bigint primary key,
    stream_id bigint not null references eventstore.streams,
    version bigint not null,
    id uuid not null,
    type text collate "C" not null,
    schema_version int not null,
    data jsonb not null,
    metadata jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    constraint events_id_key unique (id),
    constraint events_stream_version_key unique (stream_id, version),
    constraint events_type_size check (octet_length(type) between 1 and 512)
);

create table eventstore.subscriptions (
    name text collate "C" primary key,
    position bigint not null default 0,
    updated_at timestamptz not null default clock_timestamp()
);

create function eventstore.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the event log is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create trigger append_only before update or delete or truncate on eventstore.events
    for each statement execute function eventstore.refuse_change();

-- Appends a batch to one stream. expected: 0 no stream, n exact version, -1 any, -2 stream exists.
-- status: appended, duplicate (all ids are in this stream: the first result again), id_reused (some are, or are elsewhere), wrong_version.
-- The stream's row is locked before any position is drawn, so positions follow versions within a stream.
create function eventstore.append(
    p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions int[], p_data text[], p_metadata text[],
    out status text, out version bigint, out first_position bigint, out last_position bigint
) language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    n constant int := cardinality(p_ids);
    sid bigint;
    new_version bigint;
    hit int;
    hit_here int;
begin
    for attempt in 1..2 loop
        select count(*), count(*) filter (where s.name = p_stream), max(e.version), min(e.position), max(e.position)
          into hit, hit_here, version, first_position, last_position
          from eventstore.events e join eventstore.streams s using (stream_id)
         where e.id = any (p_ids);
        if hit_here = n then status := 'duplicate'; return; end if;
        if hit > 0 then status := 'id_reused'; return; end if;
        exit when attempt = 2;

        if p_expected = 0 then
            insert into eventstore.streams as s (name, version) values (p_stream, n)
            on conflict (name) do nothing
            returning s.stream_id, s.version into sid, new_version;
        elsif p_expected = -1 then
            insert into eventstore.streams as s (name, version) values (p_stream, n)
            on conflict (name) do update set version = s.version + n
            returning s.stream_id, s.version into sid, new_version;
        else
            update eventstore.streams s set version = s.version + n
             where s.name = p_stream and (p_expected = -2 or s.version = p_expected)
            returning s.stream_id, s.version into sid, new_version;
        end if;
        exit when sid is not null;
        -- The writer we waited for may have been this very append, sent twice: look for the ids once more.
    end loop;

    if sid is null then
        status := 'wrong_version';
        select s.version into version from eventstore.streams s where s.name = p_stream;
        version := coalesce(version, 0);
        return;
    end if;

    with inserted as (
        insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
        select nextval('eventstore.event_position'), sid, new_version - n + ord, id, type, schema_version, data::jsonb, metadata::jsonb
          from (select * from unnest(p_ids, p_types, p_schema_versions, p_data, p_metadata)
                with ordinality as u (id, type, schema_version, data, metadata, ord) order by ord) ordered
        returning position
    )
    select min(position), max(position) into first_position, last_position from inserted;
    status := 'appended';
    version := new_version;
end $$;

-- Every event at or below the returned position is committed or never will be. Waits only for the appends in flight when called:
-- they hold ROW EXCLUSIVE on the table from before they draw a position until after their commit is visible.
create function eventstore.settled() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    head bigint;
    writers text[];
begin
    select case when is_called then last_value else last_value - 1 end into head from eventstore.event_position;
    select array_agg(virtualtransaction) into writers from pg_locks
     where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())
       and pid <> pg_backend_pid();
    while writers is not null loop
        perform pg_sleep(0.0005);
        select array_agg(virtualtransaction) into writers from pg_locks
         where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
           and virtualtransaction = any (writers);
    end loop;
    return head;
end $$;

revoke all on all functions in schema eventstore from public;
grant usage on schema eventstore to orders_app;
grant select on eventstore.streams, eventstore.events to orders_app;
grant select, insert, update, delete on eventstore.subscriptions to orders_app;
grant execute on function
    eventstore.append(text, bigint, uuid[], text[], int[], text[], text[]),
    eventstore.settled() to orders_app;

-- migrate:down
drop schema eventstore cascade;
