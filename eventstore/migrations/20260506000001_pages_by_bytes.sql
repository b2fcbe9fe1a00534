-- migrate:up
-- A page of the log: settled events after a position, up to another, at most p_limit, and none after the first p_bytes of their JSON.
-- A loop, as it ends there: a running sum in one statement would first expand all p_limit events.
-- p_known: events of p_types in any stream, and those of p_category whose type is none of these. Otherwise both narrow.
-- A time that no Python program can hold is null, so that it is that one event's fault.
-- One plan for a connection, by the primary keys: a plan that was made while the log was empty must not sort all of it later.
create function eventstore.read_all(
    p_after bigint, p_until bigint, p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint
) returns table (
    "position" bigint, stream text, version bigint, id uuid, type text, schema_version int, data text, metadata text, recorded_at timestamptz
) language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off
    set jit = off as $$
#variable_conflict use_column
declare
    bytes bigint := 0;
begin
    for "position", stream, version, id, type, schema_version, data, metadata, recorded_at in
        select e.position, s.name, e.version, e.id, e.type, e.schema_version, e.data::text, e.metadata::text,
               case when e.recorded_at >= '0001-01-02 00:00+00' and e.recorded_at < '9999-12-31 00:00+00' then e.recorded_at end
          from eventstore.events e join eventstore.streams s on s.stream_id = e.stream_id
         where e.position > p_after and e.position <= p_until
           and (p_types is null or e.type = any (p_types) or e.type <> all (p_known))
           and (p_category is null or s.category = p_category or (p_known is not null and e.type = any (p_types)))
         order by e.position limit p_limit
    loop
        return next;
        bytes := bytes + octet_length(data) + octet_length(metadata);
        exit when bytes >= p_bytes;
    end loop;
end $$;
revoke all on function eventstore.read_all(bigint, bigint, text[], text, text[], bigint, bigint) from public;
grant execute on function eventstore.read_all(bigint, bigint, text[], text, text[], bigint, bigint) to orders_app;

-- migrate:down
drop function eventstore.read_all(bigint, bigint, text[], text, text[], bigint, bigint);
