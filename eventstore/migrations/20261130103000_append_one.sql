-- migrate:up
-- Appends one event to one stream; expected as in append(). Returns nulls where the stream is not at the expected version, and fails by
-- events_id_key where the log has the id: append() then gives the reason, or the first result.
-- The stream's row is locked before the position is drawn, and the lock on the table that settled() waits for is taken before it
-- too, by the INSERT. The position is checked in a statement of its own, with a newer snapshot than the INSERT's: see refuse_passed().
create function eventstore.append_one(
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
revoke all on function eventstore.append_one(text, bigint, uuid, text, int, jsonb, jsonb) from public;
grant execute on function eventstore.append_one(text, bigint, uuid, text, int, jsonb, jsonb) to orders_app;

-- Events refer to their stream by what the append functions do while they hold its row, not by a foreign key, which cost each append a
-- quarter of its time. So that no event loses its stream: streams are not removed, and keep their id and name, for the owner too.
alter table eventstore.events drop constraint events_stream_id_fkey;
create trigger append_only before delete or truncate or update of stream_id, name on eventstore.streams
    for each statement execute function eventstore.refuse_change();

-- migrate:down
drop trigger append_only on eventstore.streams;
alter table eventstore.events add constraint events_stream_id_fkey foreign key (stream_id) references eventstore.streams;
drop function eventstore.append_one(text, bigint, uuid, text, int, jsonb, jsonb);
