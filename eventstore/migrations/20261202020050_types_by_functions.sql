-- migrate:up
-- No expression of the table that each append would parse, as for streams: the append functions, the only writers of events, check the types.
create or replace function eventstore.append(
    p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions int[], p_data text[], p_metadata text[],
    out status text, out version bigint, out first_position bigint, out last_position bigint
) language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
#variable_conflict use_column
declare
    n constant int := cardinality(p_ids);
    sid bigint;
    new_version bigint;
    hit int;
    hit_here int;
begin
    if exists (select from unnest(p_types) type where octet_length(type) not between 1 and 512) then
        raise exception 'the type of an event has 0 or more than 512 bytes' using errcode = 'check_violation', constraint = 'events_type_size';
    end if;
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
    perform eventstore.refuse_passed(first_position);
    status := 'appended';
    version := new_version;
end $$;
create or replace function eventstore.append_each(
    p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions int[], p_data text[], p_metadata text[]
) returns table (number bigint, version bigint, "position" bigint) language plpgsql security definer
    set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off set lock_timeout = '100ms' as $$
#variable_conflict use_column
begin
    if exists (select from unnest(p_types) type where octet_length(type) not between 1 and 512) then
        raise exception 'the type of an event has 0 or more than 512 bytes' using errcode = 'check_violation', constraint = 'events_type_size';
    end if;
    return query
    with asked as (
        select * from unnest(p_streams, p_expected, p_ids, p_types, p_schema_versions, p_data, p_metadata)
            with ordinality as u (stream, expected, id, type, schema_version, data, metadata, number)
    ), free as (
        select s.stream_id, a.expected from asked a join eventstore.streams s on s.name = a.stream
           for no key update of s skip locked
    ), grown as (
        update eventstore.streams s set version = s.version + 1 from free f
         where s.stream_id = f.stream_id and (f.expected in (-1, -2) or s.version = f.expected)
        returning s.stream_id, s.name, s.version
    ), begun as (
        insert into eventstore.streams as s (name, version)
        select a.stream, 1 from asked a
         where a.expected in (0, -1) and not exists (select from eventstore.streams t where t.name = a.stream)
        on conflict (name) do nothing
        returning s.stream_id, s.name, s.version
    ), inserted as (
        insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
        select nextval('eventstore.event_position'), w.stream_id, w.version, a.id, a.type, a.schema_version, a.data::jsonb, a.metadata::jsonb
          from asked a join (select * from grown union all select * from begun) w on w.name = a.stream
        returning id, version, position
    )
    select a.number, i.version, i.position from inserted i join asked a on a.id = i.id
      cross join (select eventstore.refuse_passed(min(position)) as fine from inserted) c where c.fine;
end $$;
alter table eventstore.events drop constraint events_type_size;

-- migrate:down
alter table eventstore.events add constraint events_type_size check (octet_length(type) between 1 and 512);
create or replace function eventstore.append(
    p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions int[], p_data text[], p_metadata text[],
    out status text, out version bigint, out first_position bigint, out last_position bigint
) language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
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
    perform eventstore.refuse_passed(first_position);
    status := 'appended';
    version := new_version;
end $$;
create or replace function eventstore.append_each(
    p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions int[], p_data text[], p_metadata text[]
) returns table (number bigint, version bigint, "position" bigint) language plpgsql security definer
    set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off set lock_timeout = '100ms' as $$
#variable_conflict use_column
begin
    return query
    with asked as (
        select * from unnest(p_streams, p_expected, p_ids, p_types, p_schema_versions, p_data, p_metadata)
            with ordinality as u (stream, expected, id, type, schema_version, data, metadata, number)
    ), free as (
        select s.stream_id, a.expected from asked a join eventstore.streams s on s.name = a.stream
           for no key update of s skip locked
    ), grown as (
        update eventstore.streams s set version = s.version + 1 from free f
         where s.stream_id = f.stream_id and (f.expected in (-1, -2) or s.version = f.expected)
        returning s.stream_id, s.name, s.version
    ), begun as (
        insert into eventstore.streams as s (name, version)
        select a.stream, 1 from asked a
         where a.expected in (0, -1) and not exists (select from eventstore.streams t where t.name = a.stream)
        on conflict (name) do nothing
        returning s.stream_id, s.name, s.version
    ), inserted as (
        insert into eventstore.events (position, stream_id, version, id, type, schema_version, data, metadata)
        select nextval('eventstore.event_position'), w.stream_id, w.version, a.id, a.type, a.schema_version, a.data::jsonb, a.metadata::jsonb
          from asked a join (select * from grown union all select * from begun) w on w.name = a.stream
        returning id, version, position
    )
    select a.number, i.version, i.position from inserted i join asked a on a.id = i.id
      cross join (select eventstore.refuse_passed(min(position)) as fine from inserted) c where c.fine;
end $$;
