-- migrate:up
-- As before, but for the lanes: a position that one lane of a reader has passed is refused too.
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
    perform from eventstore.subscriptions s where s.position >= append_one."position";
    if found then
        perform eventstore.refuse_passed("position");
    end if;
end $$;
