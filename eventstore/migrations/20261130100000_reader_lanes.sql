-- migrate:up
-- A reader may be divided into lanes: a stream belongs to lane `stream_id % cardinality(lanes)`, and each lane has a position of its
-- own (lanes[1] is lane 0). `position` is the least of them and `passed` the greatest. A `position` that differs was written by a
-- program that knows no lanes, or by an operator: open_lanes() adopts it.
alter table eventstore.subscriptions add column lanes bigint[], add column passed bigint not null default 0;

-- The positions of a reader's lanes. Of a new division, or of another number of lanes: all at the reader's position. A position written
-- without the lanes counts: above the least lane, lower lanes are raised to it, because all before it is handled; below every lane it
-- rewinds them all.
create function eventstore.open_lanes(p_name text, p_count int) returns bigint[]
    language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    stored bigint;
    opened bigint[];
    lowest bigint;
begin
    insert into eventstore.subscriptions (name) values (p_name) on conflict (name) do nothing;
    select s.position, s.lanes into stored, opened from eventstore.subscriptions s where s.name = p_name for update;
    select min(l) into lowest from unnest(opened) l;
    if cardinality(opened) = p_count and lowest = stored then
        return opened;
    end if;
    if cardinality(opened) = p_count and lowest < stored then
        opened := array(select greatest(l, stored) from unnest(opened) with ordinality u (l, n) order by n);
    else
        opened := array_fill(stored, array[p_count]);
    end if;
    update eventstore.subscriptions s set lanes = opened, passed = (select max(l) from unnest(opened) l) where s.name = p_name;
    return opened;
end $$;

-- Move the lanes that have a position in p_from to that in p_to; false, and nothing is moved, where one of them is not at p_from, or the reader's
-- position was written without its lanes.
create function eventstore.move_lanes(p_name text, p_from bigint[], p_to bigint[]) returns boolean
    language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
begin
    update eventstore.subscriptions s
       set (lanes, position, passed) = (
               select array_agg(m.l order by m.n), min(m.l), max(m.l)
                 from (select coalesce(p_to[n], l) as l, n from unnest(s.lanes) with ordinality u (l, n)) m),
           updated_at = clock_timestamp()
     where s.name = p_name and cardinality(s.lanes) = cardinality(p_from)
       and s.position = (select min(l) from unnest(s.lanes) l)
       and not exists (select from unnest(s.lanes, p_from) u (stored, expected) where expected <> stored);
    return found;
end $$;

-- The next settled events of the lanes that have a position in p_lanes, at most p_limit, fewer where they are large or rare; and last a row
-- without a stream: the position up to which the log has been read, and in `version` the settled head. Before the read the
-- checkpoint moves from p_saved to p_lanes; no row at all where it is elsewhere, and then nothing is moved.
-- Volatile: each statement sees what was committed before it, so that the read sees all that settled() waited for. The checkpoint
-- moves after that wait, so that no other owner waits for its row meanwhile.
create function eventstore.next_page(
    p_name text, p_saved bigint[], p_lanes bigint[], p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint
) returns table (
    "position" bigint, stream text, version bigint, id uuid, type text, schema_version int, data text, metadata text,
    recorded_at timestamptz
) language plpgsql volatile
    set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan
    set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
    set enable_hashjoin = off set enable_mergejoin = off set jit = off as $$
#variable_conflict use_column
declare
    lanes constant int := cardinality(p_lanes);
    first constant bigint := (select min(l) from unnest(p_lanes) l);
    head bigint;
    until bigint;
    events bigint := 0;
    bytes bigint := 0;
begin
    head := eventstore.settled();
    if p_saved <> p_lanes and not eventstore.move_lanes(p_name, p_saved, p_lanes) then
        return;
    end if;
    until := greatest(first, least(head, first + greatest(p_limit, 5000)));
    for "position", stream, version, id, type, schema_version, data, metadata, recorded_at in
        select e.position, s.name, e.version, e.id, e.type, e.schema_version, e.data::text, e.metadata::text,
               case when e.recorded_at >= '0001-01-02 00:00+00' and e.recorded_at < '9999-12-31 00:00+00' then e.recorded_at end
          from eventstore.events e join eventstore.streams s on s.stream_id = e.stream_id
         where e.position > first and e.position <= until
           and e.position > p_lanes[(e.stream_id % lanes)::int + 1]
           and (p_types is null or e.type = any (p_types) or e.type <> all (p_known))
           and (p_category is null or s.category = p_category or (p_known is not null and e.type = any (p_types)))
         order by e.position limit p_limit
    loop
        return next;
        events := events + 1;
        bytes := bytes + octet_length(data) + octet_length(metadata);
        exit when bytes >= p_bytes;
    end loop;
    if events < p_limit and bytes < p_bytes then
        "position" := until;
    end if;
    stream := null;
    version := head;
    return next;
end $$;

-- As before, but for the lanes.
create or replace function eventstore.refuse_passed(p_position bigint) returns boolean
    language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = on as $$
declare
    passed bigint;
begin
    select max(greatest(s.position, s.passed)) into passed from eventstore.subscriptions s;
    if p_position <= passed then
        raise exception 'position % is not above %, which a reader has passed', p_position, passed using errcode = 'ORSEQ';
    end if;
    return true;
end $$;
create or replace function eventstore.sequence_lag() returns bigint
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
    return (
        select greatest(0, coalesce((select max(e.position) from eventstore.events e), 0) - s.last_value,
                        coalesce((select max(greatest(c.position, c.passed)) from eventstore.subscriptions c), 0) - s.last_value)
          from eventstore.event_position s
    );

revoke all on function eventstore.open_lanes(text, int), eventstore.move_lanes(text, bigint[], bigint[]),
    eventstore.next_page(text, bigint[], bigint[], text[], text, text[], bigint, bigint) from public;
grant execute on function eventstore.open_lanes(text, int), eventstore.move_lanes(text, bigint[], bigint[]),
    eventstore.next_page(text, bigint[], bigint[], text[], text, text[], bigint, bigint) to orders_app;

-- migrate:down
drop function eventstore.next_page(text, bigint[], bigint[], text[], text, text[], bigint, bigint);
drop function eventstore.move_lanes(text, bigint[], bigint[]);
drop function eventstore.open_lanes(text, int);
create or replace function eventstore.refuse_passed(p_position bigint) returns boolean
    language plpgsql volatile set search_path = pg_catalog, pg_temp set enable_seqscan = on as $$
declare
    passed bigint;
begin
    select max(s.position) into passed from eventstore.subscriptions s;
    if p_position <= passed then
        raise exception 'position % is not above %, which a reader has passed', p_position, passed using errcode = 'ORSEQ';
    end if;
    return true;
end $$;
create or replace function eventstore.sequence_lag() returns bigint
    language sql stable security definer
    set search_path = pg_catalog, pg_temp
    return (
        select greatest(0, coalesce((select max(e.position) from eventstore.events e), 0) - s.last_value,
                        coalesce((select max(c.position) from eventstore.subscriptions c), 0) - s.last_value)
          from eventstore.event_position s
    );
alter table eventstore.subscriptions drop column lanes, drop column passed;
