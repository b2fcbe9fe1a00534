-- migrate:up
-- As append_one() was, with the new version and position as an array: a function in FROM that returns a row makes the server build the
-- row's type and a table of rows at every call. Null where the stream is not at the expected version; fails by events_id_key where
-- the log has the id: append() then gives the reason, or the first result.
-- The stream's row is locked before the position is drawn, and the lock on the table that settled() waits for is taken before it
-- too, by the INSERT. The position is checked in a statement of its own, with a newer snapshot than the INSERT's: see refuse_passed().
create function eventstore.append_lone(
    p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version int, p_data jsonb, p_metadata jsonb
) returns bigint[] language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set jit = off as $$
declare
    sid bigint;
    new_version bigint;
    new_position bigint;
begin
    if octet_length(p_type) not between 1 and 512 then
        raise exception 'the type of an event has 0 or more than 512 bytes' using errcode = 'check_violation', constraint = 'events_type_size';
    end if;
    if p_expected <> 0 then
        update eventstore.streams s set version = s.version + 1
         where s.name = p_stream and (p_expected < 0 or s.version = p_expected)
        returning s.stream_id, s.version into sid, new_version;
    end if;
    if sid is null and p_expected = 0 then
        insert into eventstore.streams as s (name, version) values (p_stream, 1)
        on conflict (name) do nothing
        returning s.stream_id, s.version into sid, new_version;
    elsif sid is null and p_expected = -1 then
        insert into eventstore.streams as s (name, version) values (p_stream, 1)
        on conflict (name) do update set version = s.version + 1
        returning s.stream_id, s.version into sid, new_version;
    end if;
    if sid is null then return null; end if;

    insert into eventstore.events as e (position, stream_id, version, id, type, schema_version, data, metadata)
    values (nextval('eventstore.event_position'), sid, new_version, p_id, p_type, p_schema_version, p_data, p_metadata)
    returning e.position into new_position;
    perform from eventstore.subscriptions s where greatest(s.position, s.passed) >= new_position;
    if found then
        perform eventstore.refuse_passed(new_position);
    end if;
    return array[new_version, new_position];
end $$;
revoke all on function eventstore.append_lone(text, bigint, uuid, text, int, jsonb, jsonb) from public;
grant execute on function eventstore.append_lone(text, bigint, uuid, text, int, jsonb, jsonb) to orders_app;

-- For programs of the version before.
create or replace function eventstore.append_one(
    p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version int, p_data jsonb, p_metadata jsonb,
    out version bigint, out "position" bigint
) language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set jit = off as $$
declare
    landed bigint[];
begin
    landed := eventstore.append_lone(p_stream, p_expected, p_id, p_type, p_schema_version, p_data, p_metadata);
    version := landed[1];
    "position" := landed[2];
end $$;

-- migrate:down
create or replace function eventstore.append_one(
    p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version int, p_data jsonb, p_metadata jsonb,
    out version bigint, out "position" bigint
) language plpgsql security definer set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    sid bigint;
begin
    if p_expected = 0 then
        insert into eventstore.streams as s (name, version) values (p_stream, 1)
        on conflict (name) do nothing
        returning s.stream_id, s.version into sid, version;
    elsif p_expected > 0 then
        update eventstore.streams s set version = s.version + 1 where s.name = p_stream and s.version = p_expected
        returning s.stream_id, s.version into sid, version;
    else
        update eventstore.streams s set version = s.version + 1 where s.name = p_stream
        returning s.stream_id, s.version into sid, version;
        if sid is null and p_expected = -1 then
            insert into eventstore.streams as s (name, version) values (p_stream, 1)
            on conflict (name) do update set version = s.version + 1
            returning s.stream_id, s.version into sid, version;
        end if;
    end if;
    if sid is null then return; end if;

    insert into eventstore.events as e (position, stream_id, version, id, type, schema_version, data, metadata)
    values (nextval('eventstore.event_position'), sid, append_one.version, p_id, p_type, p_schema_version, p_data, p_metadata)
    returning e.position into "position";
    perform from eventstore.subscriptions s where greatest(s.position, s.passed) >= append_one."position";
    if found then
        perform eventstore.refuse_passed("position");
    end if;
end $$;
drop function eventstore.append_lone(text, bigint, uuid, text, int, jsonb, jsonb);
