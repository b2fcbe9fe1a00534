-- migrate:up
-- Appends one event each to several streams in one commit. A stream comes at most once; expected as in append().
-- Answers for those that landed. To any other nothing has happened, and append() tells why, or waits: its stream is at another version,
-- or another transaction has it. An id that is in the log fails them all, by the constraint.
-- Nobody waits for what holds up a neighbour: not for a row, and not for long for a twin that is under way (lock_timeout).
create function eventstore.append_each(
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
    select a.number, i.version, i.position from inserted i join asked a on a.id = i.id;
end $$;
revoke all on function eventstore.append_each(text[], bigint[], uuid[], text[], int[], text[], text[]) from public;
grant execute on function eventstore.append_each(text[], bigint[], uuid[], text[], int[], text[], text[]) to orders_app;

-- migrate:down
drop function eventstore.append_each(text[], bigint[], uuid[], text[], int[], text[], text[]);
