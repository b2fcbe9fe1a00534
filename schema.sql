--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: dispatcher; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA dispatcher;

--
-- Name: eventstore; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA eventstore;

--
-- Name: gateways; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA gateways;

--
-- Name: inventory; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA inventory;

--
-- Name: projections; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA projections;

--
-- Name: simulated; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA simulated;

--
-- Name: web; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA web;

--
-- Name: webhooks; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA webhooks;

--
-- Name: append(text, bigint, uuid[], text[], integer[], text[], text[]); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.append(p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[], OUT status text, OUT version bigint, OUT first_position bigint, OUT last_position bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    AS $$
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

--
-- Name: append_each(text[], bigint[], uuid[], text[], integer[], text[], text[]); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.append_each(p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[]) RETURNS TABLE(number bigint, version bigint, "position" bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET lock_timeout TO '100ms'
    AS $$
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

--
-- Name: append_lone(text, bigint, uuid, text, integer, jsonb, jsonb); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.append_lone(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
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

--
-- Name: append_one(text, bigint, uuid, text, integer, jsonb, jsonb); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.append_one(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb, OUT version bigint, OUT "position" bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    landed bigint[];
begin
    landed := eventstore.append_lone(p_stream, p_expected, p_id, p_type, p_schema_version, p_data, p_metadata);
    version := landed[1];
    "position" := landed[2];
end $$;

--
-- Name: move_lanes(text, bigint[], bigint[]); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.move_lanes(p_name text, p_from bigint[], p_to bigint[]) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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

--
-- Name: name_stream(); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.name_stream() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if octet_length(new.name) not between 1 and 512 then
        raise exception 'the name of a stream has 0 or more than 512 bytes' using errcode = 'check_violation', constraint = 'streams_name_size';
    end if;
    new.category := split_part(new.name, '-', 1);
    return new;
end $$;

--
-- Name: next_page(text, bigint[], bigint[], text[], text, text[], bigint, bigint); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.next_page(p_name text, p_saved bigint[], p_lanes bigint[], p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) RETURNS TABLE("position" bigint, stream text, version bigint, id uuid, type text, schema_version integer, data text, metadata text, recorded_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
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

--
-- Name: open_lanes(text, integer); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.open_lanes(p_name text, p_count integer) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
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

--
-- Name: parked_by_the_dispatcher(); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.parked_by_the_dispatcher() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

--
-- Name: read_all(bigint, bigint, text[], text, text[], bigint, bigint); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.read_all(p_after bigint, p_until bigint, p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) RETURNS TABLE("position" bigint, stream text, version bigint, id uuid, type text, schema_version integer, data text, metadata text, recorded_at timestamp with time zone)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
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

--
-- Name: refuse_change(); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception 'the event log is append-only: % on %.% refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

--
-- Name: refuse_passed(bigint); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.refuse_passed(p_position bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'on'
    AS $$
declare
    passed bigint;
begin
    select max(greatest(s.position, s.passed)) into passed from eventstore.subscriptions s;
    if p_position <= passed then
        raise exception 'position % is not above %, which a reader has passed', p_position, passed using errcode = 'ORSEQ';
    end if;
    return true;
end $$;

--
-- Name: event_position; Type: SEQUENCE; Schema: eventstore; Owner: -
--

CREATE SEQUENCE eventstore.event_position
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: events; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.events (
    "position" bigint NOT NULL,
    stream_id bigint NOT NULL,
    version bigint NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL COLLATE pg_catalog."C",
    schema_version integer NOT NULL,
    data jsonb NOT NULL,
    metadata jsonb NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: subscriptions; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.subscriptions (
    name text NOT NULL COLLATE pg_catalog."C",
    "position" bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lanes bigint[],
    passed bigint DEFAULT 0 NOT NULL
);

--
-- Name: sequence_lag(); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.sequence_lag() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    RETURN (SELECT GREATEST((0)::bigint, (COALESCE((SELECT max(e."position") AS max FROM eventstore.events e), (0)::bigint) - s.last_value), (COALESCE((SELECT max(GREATEST(c."position", c.passed)) AS max FROM eventstore.subscriptions c), (0)::bigint) - s.last_value)) AS "greatest" FROM eventstore.event_position s);

--
-- Name: settled(); Type: FUNCTION; Schema: eventstore; Owner: -
--

CREATE FUNCTION eventstore.settled() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
    head bigint;
    writers text[];
begin
    select coalesce(max(position), 0) into head from eventstore.events;
    select array_agg(virtualtransaction) into writers from pg_locks
     where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
       and database = (select oid from pg_database where datname = current_database())
       and pid is distinct from pg_backend_pid();
    while writers is not null loop
        perform pg_sleep(0.0005);
        select array_agg(virtualtransaction) into writers from pg_locks
         where locktype = 'relation' and relation = 'eventstore.events'::regclass and mode = 'RowExclusiveLock'
           and virtualtransaction = any (writers);
    end loop;
    return head;
end $$;

--
-- Name: stripe_charge_moves_forward(); Type: FUNCTION; Schema: gateways; Owner: -
--

CREATE FUNCTION gateways.stripe_charge_moves_forward() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if new.attempt < old.attempt
        or (old.voided_at is not null and (new.voided_at is null or new.attempt <> old.attempt))
        or (new.intent_id is distinct from old.intent_id and old.intent_id is not null and new.state <> 'new')
        or (
            gateways.stripe_rank(new.state) < gateways.stripe_rank(old.state)
            and not (old.state = 'declined' and new.state = 'new' and new.attempt > old.attempt)
        )
    then
        raise exception 'charge % of attempt % cannot go from % to %', old.key, old.attempt, old.state, new.state
            using errcode = 'restrict_violation', constraint = 'stripe_charges_forward';
    end if;
    return new;
end
$$;

--
-- Name: stripe_rank(text); Type: FUNCTION; Schema: gateways; Owner: -
--

CREATE FUNCTION gateways.stripe_rank(in_state text) RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select array_position(
        array['new', 'created', 'declined', 'voided', 'authorised', 'succeeded', 'returned'], in_state
    )
$$;

--
-- Name: stripe_refund_rank(text); Type: FUNCTION; Schema: gateways; Owner: -
--

CREATE FUNCTION gateways.stripe_refund_rank(in_state text) RETURNS integer
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select array_position(array['asked', 'settled', 'pending', 'succeeded', 'failed'], in_state)
$$;

--
-- Name: adjust(text, bigint, bigint, bigint, text, text, text); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.adjust(in_sku text, in_level bigint, in_change bigint, in_expected bigint, in_reason text, in_actor text, in_request_id text) RETURNS TABLE(outcome text, available bigint, entry bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    present bigint;
    known bigint;
begin
    if in_level is not null and coalesce(in_expected, 0) = 0 then
        insert into inventory.stock (sku) values (in_sku) on conflict on constraint stock_pkey do nothing;
    end if;
    select s.available into present from inventory.stock s where s.sku = in_sku for no key update;
    if present is null then
        return query select 'unknown', 0::bigint, null::bigint;
        return;
    end if;

    select a.id into known from inventory.adjustments a where a.request_id = in_request_id;
    if known is not null then
        return query select 'done', present, known;
    elsif in_expected <> present then
        return query select 'unexpected', present, null::bigint;
    elsif in_change < -present then
        return query select 'below', present, null::bigint;
    elsif in_change > 9223372036854775807 - present then
        return query select 'above', present, null::bigint;
    else
        return query
            with changed as (
                update inventory.stock s set available = coalesce(in_level, present + in_change) where s.sku = in_sku
                returning s.available
            )
            insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor, request_id)
            select in_sku, case when in_level is null then 'adjust' else 'set' end, changed.available - present, present,
                in_reason, in_actor, in_request_id
            from changed
            returning 'done', available_before + delta, id;
    end if;
end
$$;

--
-- Name: import_levels(text[], bigint[], text[], bigint[], text, text); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.import_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into inventory.stock (sku)
    select w.sku from unnest(in_skus) as w (sku) order by w.sku collate "C"
    on conflict on constraint stock_pkey do nothing;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;

    insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor)
    select s.sku, 'import', w.units - s.available, s.available, in_reason, in_actor
    from unnest(in_skus, in_units) as w (sku, units)
    join inventory.stock s on s.sku = w.sku
    where w.units <> s.available
    order by s.sku;
    update inventory.stock s
    set available = w.units, name = coalesce(w.name, s.name), unit_price = coalesce(w.unit_price, s.unit_price)
    from unnest(in_skus, in_units, in_names, in_unit_prices) as w (sku, units, name, unit_price)
    where s.sku = w.sku;
end
$$;

--
-- Name: release(text); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.release(in_order_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    current_state text;
begin
    insert into inventory.reservations (order_id, state, released_at)
    values (in_order_id, 'released', now())
    on conflict on constraint reservations_pkey do nothing;
    if found then
        return false;
    end if;

    select r.state into strict current_state
    from inventory.reservations r where r.order_id = in_order_id for update;
    if current_state = 'reserved' then
        perform 1
        from inventory.stock s
        where s.sku in (select l.sku from inventory.reservation_lines l where l.order_id = in_order_id)
        order by s.sku
        for no key update;
        update inventory.stock s
        set available = s.available + l.units, reserved = s.reserved - l.units
        from inventory.reservation_lines l
        where l.order_id = in_order_id and s.sku = l.sku;
        update inventory.reservations r
        set state = 'released', released_at = now()
        where r.order_id = in_order_id;
    end if;
    return exists (select 1 from inventory.reservation_lines l where l.order_id = in_order_id);
end
$$;

--
-- Name: reserve(text, text[], bigint[]); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.reserve(in_order_id text, in_skus text[], in_units bigint[]) RETURNS TABLE(outcome text, sku text, requested bigint, available bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    current_state text;
begin
    insert into inventory.reservations (order_id, state, reserved_at)
    values (in_order_id, 'reserved', now())
    on conflict on constraint reservations_pkey do nothing;

    if not found then
        select r.state into strict current_state
        from inventory.reservations r where r.order_id = in_order_id for update;
        if current_state = 'released' then
            return query select 'released', null::text, null::bigint, null::bigint;
        elsif exists (
            select 1
            from unnest(in_skus, in_units) as w (sku, units)
            full join (
                select l.sku, l.units from inventory.reservation_lines l where l.order_id = in_order_id
            ) held on held.sku = w.sku
            where held.units is distinct from w.units
        ) then
            return query select 'conflict', null::text, null::bigint, null::bigint;
        else
            return query select 'reserved', null::text, null::bigint, null::bigint;
        end if;
        return;
    end if;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;

    return query
        select 'insufficient', w.sku, w.units, coalesce(s.available, 0)
        from unnest(in_skus, in_units) as w (sku, units)
        left join inventory.stock s on s.sku = w.sku
        where coalesce(s.available, 0) < w.units
        order by w.sku collate "C";
    if found then
        delete from inventory.reservations r where r.order_id = in_order_id;
        return;
    end if;

    update inventory.stock s
    set available = s.available - w.units, reserved = s.reserved + w.units
    from unnest(in_skus, in_units) as w (sku, units)
    where s.sku = w.sku;
    insert into inventory.reservation_lines (order_id, sku, units)
    select in_order_id, w.sku, w.units from unnest(in_skus, in_units) as w (sku, units);
    return query select 'reserved', null::text, null::bigint, null::bigint;
end
$$;

--
-- Name: restock(text, text, text[], bigint[], text, text); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.restock(in_order_id text, in_refund_id text, in_skus text[], in_units bigint[], in_reason text, in_actor text) RETURNS TABLE(outcome text, sku text, requested bigint, possible bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    perform 1 from inventory.reservations r where r.order_id = in_order_id and r.state = 'reserved' for update;
    if not found then
        return query select 'unreserved', null::text, null::bigint, null::bigint;
        return;
    end if;

    if exists (select from inventory.adjustments a where a.order_id = in_order_id and a.refund_id = in_refund_id) then
        return query
            select case when bool_or(a.delta is distinct from w.units) then 'conflict' else 'repeated' end,
                null::text, null::bigint, null::bigint
            from unnest(in_skus, in_units) as w (sku, units)
            full join (
                select d.sku, d.delta from inventory.adjustments d where d.order_id = in_order_id and d.refund_id = in_refund_id
            ) a on a.sku = w.sku;
        return;
    end if;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;
    return query
        select 'excess', w.sku, w.units, b.possible
        from unnest(in_skus, in_units) as w (sku, units)
        cross join lateral (
            select least(
                coalesce(
                    (select l.units from inventory.reservation_lines l where l.order_id = in_order_id and l.sku = w.sku), 0
                ) - coalesce(
                    (select sum(a.delta) from inventory.adjustments a where a.order_id = in_order_id and a.sku = w.sku), 0
                ),
                9223372036854775807 - coalesce((select s.available from inventory.stock s where s.sku = w.sku), 0)
            )::bigint as possible
        ) b
        where w.units > b.possible
        order by w.sku collate "C";
    if found then
        return;
    end if;

    insert into inventory.adjustments (sku, kind, delta, available_before, reason, actor, order_id, refund_id)
    select s.sku, 'restock', w.units, s.available, in_reason, in_actor, in_order_id, in_refund_id
    from unnest(in_skus, in_units) as w (sku, units)
    join inventory.stock s on s.sku = w.sku
    order by s.sku;
    update inventory.stock s
    set available = s.available + w.units
    from unnest(in_skus, in_units) as w (sku, units)
    where s.sku = w.sku;
    return query select 'done', null::text, null::bigint, null::bigint;
end
$$;

--
-- Name: set_customs(text[], text[], text[], bigint[], bigint[], text[]); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.set_customs(in_skus text[], in_origins text[], in_hs_codes text[], in_grams bigint[], in_values bigint[], in_currencies text[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    insert into inventory.customs as c (sku, origin_country, hs_code, weight_grams, customs_value, customs_currency)
    select w.sku, w.origin, w.hs_code, w.grams, w.value, w.currency
    from unnest(in_skus, in_origins, in_hs_codes, in_grams, in_values, in_currencies)
        as w (sku, origin, hs_code, grams, value, currency)
    order by w.sku collate "C"
    on conflict on constraint customs_pkey do update
    set origin_country = coalesce(excluded.origin_country, c.origin_country),
        hs_code = coalesce(excluded.hs_code, c.hs_code),
        weight_grams = coalesce(excluded.weight_grams, c.weight_grams),
        customs_value = coalesce(excluded.customs_value, c.customs_value),
        customs_currency = coalesce(excluded.customs_currency, c.customs_currency);
$$;

--
-- Name: set_levels(text[], bigint[], text[], bigint[], text, text); Type: FUNCTION; Schema: inventory; Owner: -
--

CREATE FUNCTION inventory.set_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into inventory.stock (sku)
    select w.sku from unnest(in_skus) as w (sku) order by w.sku collate "C"
    on conflict on constraint stock_pkey do nothing;

    perform 1 from inventory.stock s where s.sku = any (in_skus) order by s.sku for no key update;

    insert into inventory.adjustments (sku, kind, delta, available_before, actor)
    select s.sku, in_reason, w.units - s.available, s.available, in_actor
    from unnest(in_skus, in_units) as w (sku, units)
    join inventory.stock s on s.sku = w.sku
    where w.units <> s.available
    order by s.sku;
    update inventory.stock s
    set available = w.units, name = coalesce(w.name, s.name), unit_price = coalesce(w.unit_price, s.unit_price)
    from unnest(in_skus, in_units, in_names, in_unit_prices) as w (sku, units, name, unit_price)
    where s.sku = w.sku;
end
$$;

--
-- Name: begin_rebuild(text); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.begin_rebuild(p_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    built constant text := projections.rebuilt(p_table);
begin
    execute format('drop table if exists projections.%I', built);
    execute format('create table projections.%I (like projections.%I including all excluding indexes)', built, p_table);
    execute format('alter table projections.%I add %s', built,
        (select pg_get_constraintdef(oid) from pg_constraint
          where conrelid = format('projections.%I', p_table)::regclass and contype = 'p'));
    execute format('grant select, insert, update, delete on projections.%I to orders_app', built);
end $$;

--
-- Name: index_rebuild(text); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.index_rebuild(p_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET maintenance_work_mem TO '256MB'
    AS $$
declare
    built constant text := projections.rebuilt(p_table);
    definition text;
begin
    for definition in
        select split_part(pg_get_indexdef(indexrelid), ' USING ', 2) from pg_index
         where indrelid = format('projections.%I', p_table)::regclass and not indisprimary
    loop
        execute format('create index on projections.%I using %s', built, definition);
    end loop;
end $$;

--
-- Name: order_counts_inserted(); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.order_counts_inserted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into projections.order_counts as c (status, orders)
    select status, count(*) from added group by status
        on conflict (status) do update set orders = c.orders + excluded.orders;
    return null;
end $$;

--
-- Name: order_counts_updated(); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.order_counts_updated() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into projections.order_counts as c (status, orders)
    select status, sum(n) from (select status, 1 as n from added union all select status, -1 from removed) changes
     group by status having sum(n) <> 0
        on conflict (status) do update set orders = c.orders + excluded.orders;
    return null;
end $$;

--
-- Name: rebuilt(text); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.rebuilt(p_table text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if p_table is null or p_table not in ('order_dashboard', 'customer_orders', 'daily_figures') then
        raise exception 'there is no read model % to build anew', p_table using errcode = 'invalid_parameter_value';
    end if;
    return p_table || '_rebuild';
end $$;

--
-- Name: recount(text); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.recount(p_table text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if p_table = 'order_dashboard' then
        delete from projections.order_counts;
        insert into projections.order_counts select status, count(*) from projections.order_dashboard group by status;
    elsif p_table = 'customer_orders' then
        delete from projections.revenue;
        insert into projections.revenue select currency, sum(total_spend) from projections.customer_orders group by currency;
    end if;
end $$;

--
-- Name: revenue_inserted(); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.revenue_inserted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into projections.revenue as r (currency, amount)
    select currency, sum(total_spend) from added group by currency
        on conflict (currency) do update set amount = r.amount + excluded.amount;
    return null;
end $$;

--
-- Name: revenue_updated(); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.revenue_updated() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into projections.revenue as r (currency, amount)
    select currency, sum(spend) from (
        select currency, total_spend as spend from added union all select currency, -total_spend from removed) changes
     group by currency having sum(spend) <> 0
        on conflict (currency) do update set amount = r.amount + excluded.amount;
    return null;
end $$;

--
-- Name: swap_in(text); Type: FUNCTION; Schema: projections; Owner: -
--

CREATE FUNCTION projections.swap_in(p_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    live constant regclass := format('projections.%I', p_table);
    built constant regclass := format('projections.%I', projections.rebuilt(p_table));
    renames constant text[] := array(
        select format('alter index %s rename to %I', b.indexrelid::regclass, c.relname)
          from pg_index l
          join pg_class c on c.oid = l.indexrelid
          join pg_index b on b.indrelid = built
           and (b.indisprimary, b.indisunique, split_part(pg_get_indexdef(b.indexrelid), ' USING ', 2))
             = (l.indisprimary, l.indisunique, split_part(pg_get_indexdef(l.indexrelid), ' USING ', 2))
         where l.indrelid = live);
    triggers constant text[] := array(
        select pg_get_triggerdef(oid) from pg_trigger where tgrelid = live and not tgisinternal);
    change text;
begin
    execute format('drop table %s', live);
    execute format('alter table %s rename to %I', built, p_table);
    foreach change in array renames || triggers loop
        execute change;
    end loop;
    perform projections.recount(p_table);
end $$;

--
-- Name: begin_attempt(text, integer); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.begin_attempt(in_key text, in_attempt integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into simulated.attempts as a (key, attempt) values (in_key, in_attempt)
    on conflict on constraint attempts_pkey do update set attempt = excluded.attempt where a.attempt < excluded.attempt;
    if found then
        delete from simulated.charges c where c.key = in_key and c.state = 'declined';
    end if;
end
$$;

--
-- Name: charge(text, text, text, bigint, text, bigint, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.charge(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    charge simulated.charges;
    declined constant boolean := coalesce(in_amount > in_decline_above, false);
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.charge', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.charges (
        key, state, fingerprint, order_id, amount, currency, payment_id, decline_code, decline_reason, decided_at
    )
    values (
        in_key,
        case when declined then 'declined' else 'charged' end,
        in_fingerprint, in_order_id, in_amount, in_currency,
        case when not declined then 'pay_' || replace(gen_random_uuid()::text, '-', '') end,
        case when declined then 'amount_above_limit' end,
        case when declined then 'the amount is above the limit' end,
        now()
    )
    on conflict on constraint charges_pkey do nothing
    returning * into charge;
    if not found then
        select * into strict charge from simulated.charges c where c.key = in_key;
    end if;

    outcome := case
        when charge.state = 'voided' then 'voided'
        when charge.fingerprint <> in_fingerprint then 'conflict'
        else charge.state
    end;
    payment_id := charge.payment_id;
    amount := charge.amount;
    currency := charge.currency;
    refunded_amount := charge.refunded_amount;
    code := charge.decline_code;
    reason := charge.decline_reason;
end
$$;

--
-- Name: charge_or_wait(text, text, text, bigint, text, bigint, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.charge_or_wait(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text, OUT pending_since timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    waiting simulated.undecided;
begin
    select f.* into fault, fault_delay, outcome, payment_id, amount, currency, refunded_amount, code, reason
    from simulated.charge(in_key, in_fingerprint, in_order_id, in_amount, in_currency, in_decline_above, in_heed_faults) f;
    if fault = 'pending' and outcome = 'charged' then
        insert into simulated.undecided (operation, key)
        select 'payment.charge', c.key from simulated.charges c where c.key = in_key and c.decided_at = now()
        on conflict on constraint undecided_pkey do nothing;
    end if;
    select * into waiting from simulated.undecided u where u.operation = 'payment.charge' and u.key = in_key;
    pending_since := waiting.at;
    if waiting.void_reason is not null then
        outcome := 'voided';
    end if;
end
$$;

--
-- Name: close_refund(text, text, text); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.close_refund(in_operation text, in_key text, in_payment_id text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    found_state text;
begin
    perform from simulated.charges c where c.payment_id = in_payment_id for update;
    select u.state into found_state from simulated.undecided u where u.operation = in_operation and u.key = in_key;
    if found_state = 'pending' then
        return 'pending';
    end if;
    if exists (
        select from simulated.refunds r
        where r.key = in_key and r.origin = case in_operation when 'payment.void' then 'void' else 'refund' end
    ) then
        return 'made';
    end if;
    insert into simulated.undecided (operation, key, state) values (in_operation, in_key, 'closed')
    on conflict on constraint undecided_pkey do update set state = 'closed';
    return null;
end
$$;

--
-- Name: create_label(text, text, text, bigint, text, bigint, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.create_label(in_key text, in_fingerprint text, in_order_id text, in_units bigint, in_carrier text, in_unavailable_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT shipment_id text, OUT tracking_number text, OUT carrier text, OUT reason text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    label simulated.labels;
    refused constant boolean := coalesce(in_units > in_unavailable_above, false);
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('shipping.create', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.labels (
        key, state, fingerprint, order_id, units, shipment_id, tracking_number, carrier, refusal_reason, decided_at
    )
    values (
        in_key,
        case when refused then 'refused' else 'created' end,
        in_fingerprint, in_order_id, in_units,
        case when not refused then 'shp_' || replace(gen_random_uuid()::text, '-', '') end,
        case when not refused then 'TRK' || upper(left(replace(gen_random_uuid()::text, '-', ''), 16)) end,
        case when not refused then in_carrier end,
        case when refused then 'Shipping unavailable' end,
        now()
    )
    on conflict on constraint labels_pkey do nothing
    returning * into label;
    if not found then
        select * into strict label from simulated.labels l where l.key = in_key;
    end if;

    outcome := case
        when label.state = 'voided' then 'voided'
        when label.fingerprint <> in_fingerprint then 'conflict'
        else label.state
    end;
    shipment_id := label.shipment_id;
    tracking_number := label.tracking_number;
    carrier := label.carrier;
    reason := label.refusal_reason;
end
$$;

--
-- Name: decide(text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.decide(in_operation text, in_key text, in_succeeds boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    waiting simulated.undecided;
begin
    perform from simulated.charges c where c.key = in_key for update;
    delete from simulated.undecided u where u.operation = in_operation and u.key = in_key and u.state = 'pending'
    returning * into waiting;
    if not found then
        return;
    end if;
    if in_operation <> 'payment.charge' then
        if not in_succeeds then
            perform simulated.take_back(in_operation, in_key, 'failed');
        end if;
        return;
    end if;
    if not in_succeeds then
        update simulated.charges c
        set state = 'declined', payment_id = null, decline_code = 'payment_failed',
            decline_reason = 'the bank has refused the debit'
        where c.key = in_key;
    end if;
    if waiting.void_reason is not null then
        perform simulated.void_charge(in_key, waiting.void_reason, false);
    end if;
end
$$;

--
-- Name: draw_fault(text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.draw_fault(in_operation text, in_heed boolean, OUT fault text, OUT fault_delay double precision) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    switch simulated.faults;
begin
    if not in_heed then
        return;
    end if;
    select * into switch from simulated.faults f where f.operation = in_operation;
    if not found or random() >= switch.probability then
        return;
    end if;
    if switch.remaining is not null then
        update simulated.faults f set remaining = f.remaining - 1
        where f.operation = in_operation and f.remaining > 0
        returning f.* into switch;
        if not found then
            return;
        end if;
    end if;
    if switch.kind = 'late_effect' then
        fault := 'hang';
        return;
    end if;
    fault := switch.kind;
    fault_delay := switch.delay_seconds;
end
$$;

--
-- Name: refund(text, text, bigint, text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.refund(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    charge simulated.charges;
    earlier simulated.refunds;
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.refund', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    select * into charge from simulated.charges c where c.payment_id = in_payment_id for update;
    charged := charge.amount;
    refunded := charge.refunded_amount;
    charge_currency := charge.currency;

    select * into earlier from simulated.refunds r where r.origin = 'refund' and r.key = in_key;
    if found then
        outcome := case
            when earlier.payment_id = in_payment_id and earlier.amount = in_amount and earlier.currency = in_currency
            then 'refunded' else 'conflict'
        end;
        refund_id := earlier.refund_id;
    elsif charge.key is null then
        outcome := 'no_such_payment';
    elsif charge.currency <> in_currency then
        outcome := 'other_currency';
    elsif in_amount > charge.amount - charge.refunded_amount then
        outcome := 'exceeds';
    else
        insert into simulated.refunds (origin, key, refund_id, payment_id, amount, currency, reason)
        values (
            'refund', in_key, 're_' || replace(gen_random_uuid()::text, '-', ''), in_payment_id, in_amount,
            in_currency, in_reason
        )
        on conflict on constraint refunds_pkey do nothing
        returning refund_id into refund_id;
        if not found then
            outcome := 'conflict';
        else
            update simulated.charges c set refunded_amount = c.refunded_amount + in_amount where c.key = charge.key;
            outcome := 'refunded';
        end if;
    end if;
end
$$;

--
-- Name: refund_or_wait(text, text, bigint, text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.refund_or_wait(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    perform from simulated.charges c where c.payment_id = in_payment_id for update;
    select u.state into outcome from simulated.undecided u where u.operation = 'payment.refund' and u.key = in_key;
    if outcome in ('failed', 'refused', 'closed') then
        return;
    end if;
    select f.* into fault, fault_delay, outcome, refund_id, charged, refunded, charge_currency
    from simulated.refund(in_key, in_payment_id, in_amount, in_currency, in_reason, in_heed_faults) f;
    if outcome = 'refunded' and fault in ('pending', 'refused') and exists (
        select from simulated.refunds r where r.origin = 'refund' and r.key = in_key and r.at = now()
    ) then
        if fault = 'pending' then
            insert into simulated.undecided (operation, key) values ('payment.refund', in_key);
        else
            perform simulated.take_back('payment.refund', in_key, 'refused');
        end if;
    end if;
    if outcome = 'refunded' then
        outcome := coalesce(
            (select u.state from simulated.undecided u where u.operation = 'payment.refund' and u.key = in_key), outcome
        );
    end if;
end
$$;

--
-- Name: take_back(text, text, text); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.take_back(in_operation text, in_key text, in_state text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    refund simulated.refunds;
begin
    delete from simulated.refunds r
    where r.key = in_key and r.origin = case in_operation when 'payment.void' then 'void' else 'refund' end
    returning * into refund;
    update simulated.charges c set refunded_amount = c.refunded_amount - refund.amount
    where c.payment_id = refund.payment_id;
    insert into simulated.undecided (operation, key, state) values (in_operation, in_key, in_state)
    on conflict on constraint undecided_pkey do update set state = excluded.state;
end
$$;

--
-- Name: void_charge(text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.void_charge(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    charge simulated.charges;
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('payment.void', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.charges (key, state, void_reason, voided_at)
    values (in_key, 'voided', in_reason, now())
    on conflict on constraint charges_pkey do nothing;
    select * into strict charge from simulated.charges c where c.key = in_key for update;

    if charge.state <> 'voided' then
        insert into simulated.refunds (origin, key, refund_id, payment_id, amount, currency, reason)
        select 'void', in_key, 're_' || replace(gen_random_uuid()::text, '-', ''), charge.payment_id,
            charge.amount - charge.refunded_amount, charge.currency, in_reason
        where charge.payment_id is not null and charge.amount > charge.refunded_amount;
        update simulated.charges c
        set state = 'voided', void_reason = in_reason, voided_at = now(),
            refunded_amount = case when c.payment_id is null then 0 else c.amount end
        where c.key = in_key;
    end if;

    payment_id := charge.payment_id;
    select r.refund_id, r.amount into refund_id, amount_returned
    from simulated.refunds r where r.origin = 'void' and r.key = in_key;
    amount_returned := coalesce(amount_returned, 0);
end
$$;

--
-- Name: void_label(text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.void_label(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT existed boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    select f.fault, f.fault_delay into fault, fault_delay
    from simulated.draw_fault('shipping.void', in_heed_faults) f;
    if fault in ('unavailable', 'hang') then
        return;
    end if;

    insert into simulated.labels as l (key, state, void_reason, voided_at)
    values (in_key, 'voided', in_reason, now())
    on conflict on constraint labels_pkey do update
    set state = 'voided',
        void_reason = coalesce(l.void_reason, excluded.void_reason),
        voided_at = coalesce(l.voided_at, excluded.voided_at)
    returning l.shipment_id is not null into existed;
end
$$;

--
-- Name: void_or_wait(text, text, boolean); Type: FUNCTION; Schema: simulated; Owner: -
--

CREATE FUNCTION simulated.void_or_wait(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint, OUT state text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    -- The charge's row first, as in void_charge: a charge of this key at the same time is before it or after it.
    perform from simulated.charges c where c.key = in_key for update;
    update simulated.undecided u set void_reason = coalesce(u.void_reason, in_reason)
    where u.operation = 'payment.charge' and u.key = in_key;
    if found then
        select c.payment_id, 0, 'pending' into payment_id, amount_returned, state
        from simulated.charges c where c.key = in_key;
        return;
    end if;
    select f.* into fault, fault_delay, payment_id, refund_id, amount_returned
    from simulated.void_charge(in_key, in_reason, in_heed_faults) f;
    if fault = 'pending' then
        insert into simulated.undecided (operation, key)
        select 'payment.void', r.key from simulated.refunds r where r.origin = 'void' and r.key = in_key and r.at = now()
        on conflict on constraint undecided_pkey do nothing;
    elsif fault = 'refused' and exists (
        select from simulated.refunds r where r.origin = 'void' and r.key = in_key and r.at = now()
    ) then
        perform simulated.take_back('payment.void', in_key, 'refused');
    end if;
    select u.state into state from simulated.undecided u where u.operation = 'payment.void' and u.key = in_key;
end
$$;

--
-- Name: bulk; Type: TABLE; Schema: dispatcher; Owner: -
--

CREATE TABLE dispatcher.bulk (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    stream text NOT NULL,
    started_at timestamp with time zone
);

--
-- Name: parked; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.parked (
    consumer text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    reason text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    parked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    dispatched bigint,
    event_id uuid,
    event_type text,
    stream text
);

--
-- Name: parked; Type: VIEW; Schema: dispatcher; Owner: -
--

CREATE VIEW dispatcher.parked AS
 SELECT dispatched AS "position",
    event_id,
    event_type,
    stream,
    reason,
    attempts,
    parked_at,
    last_attempt_at
   FROM eventstore.parked
  WHERE (dispatched IS NOT NULL);

--
-- Name: last_audit; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.last_audit (
    only_row boolean DEFAULT true NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    findings bigint NOT NULL,
    held_at timestamp with time zone,
    CONSTRAINT last_audit_findings_not_negative CHECK ((findings >= 0)),
    CONSTRAINT last_audit_only_row_check CHECK (only_row)
);

--
-- Name: TABLE last_audit; Type: COMMENT; Schema: eventstore; Owner: -
--

COMMENT ON TABLE eventstore.last_audit IS 'one row once an audit has run; none before';

--
-- Name: COLUMN last_audit.held_at; Type: COMMENT; Schema: eventstore; Owner: -
--

COMMENT ON COLUMN eventstore.last_audit.held_at IS 'end of the latest audit without findings; null where none was without';

--
-- Name: probe; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.probe (
    only_row boolean DEFAULT true NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT probe_only_row_check CHECK (only_row)
);

--
-- Name: streams; Type: TABLE; Schema: eventstore; Owner: -
--

CREATE TABLE eventstore.streams (
    stream_id bigint NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    category text NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
)
WITH (fillfactor='70');

--
-- Name: streams_stream_id_seq; Type: SEQUENCE; Schema: eventstore; Owner: -
--

ALTER TABLE eventstore.streams ALTER COLUMN stream_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME eventstore.streams_stream_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: easypost_shipments; Type: TABLE; Schema: gateways; Owner: -
--

CREATE TABLE gateways.easypost_shipments (
    key text NOT NULL COLLATE pg_catalog."C",
    order_id text COLLATE pg_catalog."C",
    fingerprint text,
    shipment_id text COLLATE pg_catalog."C",
    tracking_number text,
    carrier text,
    state text DEFAULT 'new'::text NOT NULL,
    refusal_reason text,
    void_reason text,
    buying_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    voided_at timestamp with time zone,
    appears_until timestamp with time zone,
    CONSTRAINT easypost_shipments_facts CHECK ((((fingerprint IS NULL) = (order_id IS NULL)) AND ((tracking_number IS NULL) = (carrier IS NULL)) AND ((tracking_number IS NULL) OR (shipment_id IS NOT NULL)) AND ((fingerprint IS NOT NULL) OR ((state = 'voided'::text) AND (shipment_id IS NULL))))),
    CONSTRAINT easypost_shipments_state CHECK (((state = ANY (ARRAY['new'::text, 'voided'::text])) OR ((state = 'created'::text) AND (shipment_id IS NOT NULL)) OR ((state = 'buying'::text) AND (shipment_id IS NOT NULL) AND (buying_until IS NOT NULL)) OR ((state = 'refused'::text) AND (refusal_reason IS NOT NULL)) OR ((state = ANY (ARRAY['bought'::text, 'void_refused'::text])) AND (tracking_number IS NOT NULL)) OR ((state = 'voiding'::text) AND (shipment_id IS NOT NULL) AND ((tracking_number IS NOT NULL) OR (appears_until IS NOT NULL))))),
    CONSTRAINT easypost_shipments_voided_at CHECK (((voided_at IS NOT NULL) = (state = ANY (ARRAY['voiding'::text, 'voided'::text, 'void_refused'::text]))))
);

--
-- Name: TABLE easypost_shipments; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON TABLE gateways.easypost_shipments IS 'one row per idempotency key, for good; a voided row without a shipment is the tombstone of a label that never came, a voiding row without a tracking number waits whether one appears';

--
-- Name: COLUMN easypost_shipments.fingerprint; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.easypost_shipments.fingerprint IS 'hash of the request: names the content without keeping it';

--
-- Name: COLUMN easypost_shipments.tracking_number; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.easypost_shipments.tracking_number IS 'set where a label was bought, whatever came of it later';

--
-- Name: COLUMN easypost_shipments.buying_until; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.easypost_shipments.buying_until IS 'until when a purchase may be in progress at EasyPost, and no other begins; also tells that purchase from a later one';

--
-- Name: COLUMN easypost_shipments.appears_until; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.easypost_shipments.appears_until IS 'until when a purchase with an unknown outcome may still make a label; null where no purchase had one';

--
-- Name: stripe_charges; Type: TABLE; Schema: gateways; Owner: -
--

CREATE TABLE gateways.stripe_charges (
    key text NOT NULL COLLATE pg_catalog."C",
    order_id text COLLATE pg_catalog."C",
    fingerprint text,
    amount bigint,
    currency text,
    attempt integer DEFAULT 1 NOT NULL,
    intent_id text COLLATE pg_catalog."C",
    state text DEFAULT 'new'::text NOT NULL,
    decline_code text,
    decline_reason text,
    void_reason text,
    authorised_until timestamp with time zone,
    refund_id text COLLATE pg_catalog."C",
    amount_returned bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    voided_at timestamp with time zone,
    asks integer DEFAULT 1 NOT NULL,
    released bigint DEFAULT 0 NOT NULL,
    CONSTRAINT stripe_charges_amount_not_negative CHECK ((amount >= 0)),
    CONSTRAINT stripe_charges_asks_from_1 CHECK ((asks >= 1)),
    CONSTRAINT stripe_charges_attempt_from_1 CHECK ((attempt >= 1)),
    CONSTRAINT stripe_charges_facts CHECK ((((fingerprint IS NULL) = (order_id IS NULL)) AND ((fingerprint IS NULL) = (amount IS NULL)) AND ((fingerprint IS NULL) = (currency IS NULL)) AND ((fingerprint IS NOT NULL) OR (voided_at IS NOT NULL)))),
    CONSTRAINT stripe_charges_released_within_amount CHECK (((released >= 0) AND (released <= COALESCE(amount, (0)::bigint)))),
    CONSTRAINT stripe_charges_returned_within_amount CHECK (((amount_returned >= 0) AND (amount_returned <= COALESCE(amount, (0)::bigint)))),
    CONSTRAINT stripe_charges_state CHECK (((state = ANY (ARRAY['new'::text, 'created'::text, 'authorised'::text, 'succeeded'::text])) OR ((state = 'declined'::text) AND (decline_code IS NOT NULL) AND (decline_reason IS NOT NULL)) OR ((state = ANY (ARRAY['voided'::text, 'returned'::text])) AND (voided_at IS NOT NULL))))
);

--
-- Name: TABLE stripe_charges; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON TABLE gateways.stripe_charges IS 'one row per idempotency key, for good: what we asked of Stripe and what it said last; amounts in minor units';

--
-- Name: COLUMN stripe_charges.attempt; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_charges.attempt IS 'part of the idempotency keys sent to Stripe; a declined charge is made anew by a higher one alone';

--
-- Name: COLUMN stripe_charges.state; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_charges.state IS 'voided: undone, nothing had been taken; returned: undone, what was taken or held has gone back';

--
-- Name: COLUMN stripe_charges.voided_at; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_charges.voided_at IS 'the tombstone: from then on nothing is charged under the key; the state tells whether undoing has ended';

--
-- Name: COLUMN stripe_charges.asks; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_charges.asks IS 'part of the idempotency keys sent to Stripe from 2 on: raised where Stripe keeps a failure under the key and would repeat it';

--
-- Name: COLUMN stripe_charges.released; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_charges.released IS 'the part of an authorisation that was released at Stripe by hand, or not captured there, and so never taken';

--
-- Name: stripe_disputes; Type: TABLE; Schema: gateways; Owner: -
--

CREATE TABLE gateways.stripe_disputes (
    dispute_id text NOT NULL COLLATE pg_catalog."C",
    intent_id text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT stripe_disputes_amount_not_negative CHECK ((amount >= 0)),
    CONSTRAINT stripe_disputes_state CHECK ((state = ANY (ARRAY['disputed'::text, 'dispute_won'::text, 'dispute_lost'::text])))
);

--
-- Name: TABLE stripe_disputes; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON TABLE gateways.stripe_disputes IS 'every dispute of our charges, inquiries excluded; amounts in minor units of the charge''s currency';

--
-- Name: stripe_inbox; Type: TABLE; Schema: gateways; Owner: -
--

CREATE TABLE gateways.stripe_inbox (
    event_id text NOT NULL COLLATE pg_catalog."C",
    type text NOT NULL,
    intent_id text NOT NULL COLLATE pg_catalog."C",
    created timestamp with time zone NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    handled_at timestamp with time zone
);

--
-- Name: TABLE stripe_inbox; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON TABLE gateways.stripe_inbox IS 'every event of Stripe that concerns one of our intents, once; without handled_at it is acted on when it comes again';

--
-- Name: stripe_refunds; Type: TABLE; Schema: gateways; Owner: -
--

CREATE TABLE gateways.stripe_refunds (
    key text NOT NULL COLLATE pg_catalog."C",
    intent_id text NOT NULL COLLATE pg_catalog."C",
    refund_id text COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    state text DEFAULT 'asked'::text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    asks integer DEFAULT 1 NOT NULL,
    asking bigint,
    by_hand bigint DEFAULT 0 NOT NULL,
    manual boolean DEFAULT false NOT NULL,
    closed boolean DEFAULT false NOT NULL,
    adjusted bigint DEFAULT 0 NOT NULL,
    CONSTRAINT stripe_refunds_adjusted_within_amount CHECK (((adjusted >= 0) AND (adjusted <= amount))),
    CONSTRAINT stripe_refunds_amount_positive CHECK ((amount > 0)),
    CONSTRAINT stripe_refunds_asking_positive CHECK ((asking > 0)),
    CONSTRAINT stripe_refunds_asks_from_1 CHECK ((asks >= 1)),
    CONSTRAINT stripe_refunds_by_hand_within_amount CHECK (((by_hand >= 0) AND (by_hand <= amount))),
    CONSTRAINT stripe_refunds_state CHECK (((state = ANY (ARRAY['asked'::text, 'settled'::text, 'failed'::text])) OR ((state = ANY (ARRAY['pending'::text, 'succeeded'::text])) AND (refund_id IS NOT NULL))))
);

--
-- Name: TABLE stripe_refunds; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON TABLE gateways.stripe_refunds IS 'every refund asked of Stripe, those of voided charges included; what is asked for is reserved, failed ones are not';

--
-- Name: COLUMN stripe_refunds.state; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.state IS 'settled: without a refund of ours, because a person had given the money back or nothing was left of the charge';

--
-- Name: COLUMN stripe_refunds.asks; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.asks IS 'part of the idempotency key sent to Stripe from 2 on: raised after a failure that Stripe keeps, or with another amount';

--
-- Name: COLUMN stripe_refunds.asking; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.asking IS 'the amount last asked of Stripe, where it is not all of the amount: computed anew each time';

--
-- Name: COLUMN stripe_refunds.by_hand; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.by_hand IS 'the part of the amount that a person has given back at Stripe since it was asked for';

--
-- Name: COLUMN stripe_refunds.manual; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.manual IS 'made at Stripe by a person, and adopted from there';

--
-- Name: COLUMN stripe_refunds.closed; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.closed IS 'no longer owed: refused by Stripe for good, withdrawn, or returned in another way; nothing is requested under the key any more';

--
-- Name: COLUMN stripe_refunds.adjusted; Type: COMMENT; Schema: gateways; Owner: -
--

COMMENT ON COLUMN gateways.stripe_refunds.adjusted IS 'the part of a refund by hand that covers no request: recorded in the order''s stream by itself, and credited to none';

--
-- Name: adjustments; Type: TABLE; Schema: inventory; Owner: -
--

CREATE TABLE inventory.adjustments (
    id bigint NOT NULL,
    sku text NOT NULL COLLATE pg_catalog."C",
    delta bigint NOT NULL,
    reason text,
    actor text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    kind text NOT NULL,
    available_before bigint,
    request_id text,
    order_id text COLLATE pg_catalog."C",
    refund_id text COLLATE pg_catalog."C",
    CONSTRAINT adjustments_kind CHECK ((kind = ANY (ARRAY['import'::text, 'set'::text, 'adjust'::text, 'restock'::text]))),
    CONSTRAINT adjustments_restock_of_a_refund CHECK (((kind = 'restock'::text) = ((order_id IS NOT NULL) AND (refund_id IS NOT NULL))))
);

--
-- Name: TABLE adjustments; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON TABLE inventory.adjustments IS 'changes of available units by persons, append-only; a set that confirms the level is among them, an unchanged line of an import is not';

--
-- Name: COLUMN adjustments.available_before; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON COLUMN inventory.adjustments.available_before IS 'null in entries from before this column';

--
-- Name: COLUMN adjustments.request_id; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON COLUMN inventory.adjustments.request_id IS 'id of the request, which has one effect however often it is repeated';

--
-- Name: adjustments_id_seq; Type: SEQUENCE; Schema: inventory; Owner: -
--

ALTER TABLE inventory.adjustments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME inventory.adjustments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: customs; Type: TABLE; Schema: inventory; Owner: -
--

CREATE TABLE inventory.customs (
    sku text NOT NULL COLLATE pg_catalog."C",
    origin_country text,
    hs_code text,
    weight_grams bigint,
    customs_value bigint,
    customs_currency text,
    CONSTRAINT customs_currency CHECK ((customs_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT customs_hs_code CHECK ((hs_code ~ '^[0-9.]{6,14}$'::text)),
    CONSTRAINT customs_origin_country CHECK ((origin_country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT customs_value_has_currency CHECK (((customs_value IS NULL) = (customs_currency IS NULL))),
    CONSTRAINT customs_value_positive CHECK ((customs_value > 0)),
    CONSTRAINT customs_weight_grams_positive CHECK ((weight_grams > 0))
);

--
-- Name: TABLE customs; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON TABLE inventory.customs IS 'customs data of one unit of a SKU, from the stock file';

--
-- Name: COLUMN customs.customs_value; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON COLUMN inventory.customs.customs_value IS 'minor units of customs_currency';

--
-- Name: reservation_lines; Type: TABLE; Schema: inventory; Owner: -
--

CREATE TABLE inventory.reservation_lines (
    order_id text NOT NULL COLLATE pg_catalog."C",
    sku text NOT NULL COLLATE pg_catalog."C",
    units bigint NOT NULL,
    CONSTRAINT reservation_lines_units_positive CHECK ((units > 0))
);

--
-- Name: reservations; Type: TABLE; Schema: inventory; Owner: -
--

CREATE TABLE inventory.reservations (
    order_id text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    reserved_at timestamp with time zone,
    released_at timestamp with time zone,
    CONSTRAINT reservations_state CHECK ((((state = 'reserved'::text) AND (reserved_at IS NOT NULL) AND (released_at IS NULL)) OR ((state = 'released'::text) AND (released_at IS NOT NULL))))
);

--
-- Name: TABLE reservations; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON TABLE inventory.reservations IS 'one row per order, for good: a released row is the tombstone that refuses a reserve which arrives late';

--
-- Name: stock; Type: TABLE; Schema: inventory; Owner: -
--

CREATE TABLE inventory.stock (
    sku text NOT NULL COLLATE pg_catalog."C",
    name text,
    unit_price bigint,
    available bigint DEFAULT 0 NOT NULL,
    reserved bigint DEFAULT 0 NOT NULL,
    CONSTRAINT stock_available_not_negative CHECK ((available >= 0)),
    CONSTRAINT stock_reserved_not_negative CHECK ((reserved >= 0)),
    CONSTRAINT stock_sku_length CHECK (((char_length(sku) >= 1) AND (char_length(sku) <= 128))),
    CONSTRAINT stock_unit_price_not_negative CHECK ((unit_price >= 0))
)
WITH (fillfactor='70');

--
-- Name: COLUMN stock.unit_price; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON COLUMN inventory.stock.unit_price IS 'integer minor units';

--
-- Name: COLUMN stock.reserved; Type: COMMENT; Schema: inventory; Owner: -
--

COMMENT ON COLUMN inventory.stock.reserved IS 'units of reservations not released, shipped ones included: kept here so that a listing costs the same whatever the number of orders';

--
-- Name: customer_orders; Type: TABLE; Schema: projections; Owner: -
--

CREATE TABLE projections.customer_orders (
    customer_id text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    order_count bigint NOT NULL,
    shipped_count bigint NOT NULL,
    cancelled_count bigint NOT NULL,
    total_spend numeric NOT NULL,
    first_order_at timestamp with time zone NOT NULL,
    last_order_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL
);

--
-- Name: daily_figures; Type: TABLE; Schema: projections; Owner: -
--

CREATE TABLE projections.daily_figures (
    quarter timestamp with time zone NOT NULL,
    currency text NOT NULL COLLATE pg_catalog."C",
    placed bigint NOT NULL,
    placed_amount numeric NOT NULL,
    charged bigint NOT NULL,
    charged_amount numeric NOT NULL,
    shipped bigint NOT NULL,
    shipped_amount numeric NOT NULL,
    cancelled bigint NOT NULL,
    refunded bigint NOT NULL,
    refunded_amount numeric NOT NULL,
    "position" bigint NOT NULL
);

--
-- Name: order_counts; Type: TABLE; Schema: projections; Owner: -
--

CREATE TABLE projections.order_counts (
    status text NOT NULL COLLATE pg_catalog."C",
    orders bigint NOT NULL
)
WITH (fillfactor='50');

--
-- Name: order_dashboard; Type: TABLE; Schema: projections; Owner: -
--

CREATE TABLE projections.order_dashboard (
    order_id text NOT NULL COLLATE pg_catalog."C",
    customer_id text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL COLLATE pg_catalog."C",
    payment_state text NOT NULL COLLATE pg_catalog."C",
    currency text NOT NULL COLLATE pg_catalog."C",
    total bigint NOT NULL,
    units bigint NOT NULL,
    amount_paid bigint NOT NULL,
    amount_refunded bigint NOT NULL,
    hold_reason text,
    reason text,
    cancelled_by text,
    tracking_number text,
    carrier text,
    placed_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    paid_at timestamp with time zone,
    shipped_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    refunded_at timestamp with time zone,
    placed_position bigint NOT NULL,
    "position" bigint NOT NULL,
    amount_settled bigint DEFAULT 0 NOT NULL,
    payment_failure text,
    waits_until timestamp with time zone,
    tags jsonb DEFAULT '[]'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    customer_name text DEFAULT ''::text NOT NULL,
    country text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    search_text text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    facts tsvector GENERATED ALWAYS AS (array_to_tsvector((string_to_array(search_text, ' '::text) || ARRAY[('=status:'::text || status), ('=payment:'::text || payment_state), ('=country:'::text || country), ('=hold:'::text ||
CASE
    WHEN (hold_reason IS NULL) THEN 'no'::text
    ELSE 'yes'::text
END), ('=wait:'::text ||
CASE
    WHEN ((hold_reason IS NULL) AND (waits_until IS NULL)) THEN 'no'::text
    ELSE 'yes'::text
END), ((((('=total:'::text || currency) || ':'::text) || length((total)::text)) || ':'::text) || "left"((total)::text, 2))]))) STORED NOT NULL
);

--
-- Name: parked; Type: VIEW; Schema: projections; Owner: -
--

CREATE VIEW projections.parked AS
 SELECT consumer AS projection,
    "position",
    reason,
    parked_at AS at
   FROM eventstore.parked
  WHERE (dispatched IS NULL);

--
-- Name: revenue; Type: TABLE; Schema: projections; Owner: -
--

CREATE TABLE projections.revenue (
    currency text NOT NULL COLLATE pg_catalog."C",
    amount numeric NOT NULL
)
WITH (fillfactor='50');

--
-- Name: schema_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.schema_migrations (
    version character varying NOT NULL
);

--
-- Name: attempts; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.attempts (
    key text NOT NULL COLLATE pg_catalog."C",
    attempt integer NOT NULL
);

--
-- Name: TABLE attempts; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.attempts IS 'the last attempt at each charge that was attempted again';

--
-- Name: charges; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.charges (
    key text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    fingerprint text,
    order_id text COLLATE pg_catalog."C",
    amount bigint,
    currency text,
    payment_id text COLLATE pg_catalog."C",
    refunded_amount bigint DEFAULT 0 NOT NULL,
    decline_code text,
    decline_reason text,
    void_reason text,
    decided_at timestamp with time zone,
    voided_at timestamp with time zone,
    CONSTRAINT charges_amount_not_negative CHECK ((amount >= 0)),
    CONSTRAINT charges_facts CHECK ((((fingerprint IS NULL) = (order_id IS NULL)) AND ((fingerprint IS NULL) = (amount IS NULL)) AND ((fingerprint IS NULL) = (currency IS NULL)) AND ((fingerprint IS NOT NULL) OR ((state = 'voided'::text) AND (payment_id IS NULL))))),
    CONSTRAINT charges_refunded_within_amount CHECK (((refunded_amount >= 0) AND (refunded_amount <=
CASE
    WHEN (payment_id IS NULL) THEN (0)::bigint
    ELSE amount
END))),
    CONSTRAINT charges_state CHECK ((((state = 'charged'::text) AND (payment_id IS NOT NULL)) OR ((state = 'declined'::text) AND (payment_id IS NULL) AND (decline_code IS NOT NULL)) OR ((state = 'voided'::text) AND (voided_at IS NOT NULL))))
);

--
-- Name: TABLE charges; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.charges IS 'one row per idempotency key, for good; a voided row without a payment is the tombstone of a charge that never came';

--
-- Name: COLUMN charges.fingerprint; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON COLUMN simulated.charges.fingerprint IS 'hash of the request: names the content without keeping it';

--
-- Name: faults; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.faults (
    operation text NOT NULL,
    kind text NOT NULL,
    probability double precision DEFAULT 1 NOT NULL,
    remaining integer,
    delay_seconds double precision DEFAULT 0 NOT NULL,
    CONSTRAINT faults_delay_not_negative CHECK ((delay_seconds >= (0)::double precision)),
    CONSTRAINT faults_kind CHECK ((kind = ANY (ARRAY['unavailable'::text, 'lost_reply'::text, 'hang'::text, 'late_effect'::text, 'pending'::text, 'refused'::text]))),
    CONSTRAINT faults_operation CHECK ((operation = ANY (ARRAY['payment.charge'::text, 'payment.void'::text, 'payment.refund'::text, 'shipping.create'::text, 'shipping.void'::text]))),
    CONSTRAINT faults_probability CHECK (((probability >= (0)::double precision) AND (probability <= (1)::double precision))),
    CONSTRAINT faults_remaining_not_negative CHECK ((remaining >= 0))
);

--
-- Name: TABLE faults; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.faults IS 'empty unless someone is rehearsing failure; each call looks here first';

--
-- Name: COLUMN faults.remaining; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON COLUMN simulated.faults.remaining IS 'how many more calls it hits; null for no end';

--
-- Name: labels; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.labels (
    key text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    fingerprint text,
    order_id text COLLATE pg_catalog."C",
    units bigint,
    shipment_id text COLLATE pg_catalog."C",
    tracking_number text,
    carrier text,
    refusal_reason text,
    void_reason text,
    decided_at timestamp with time zone,
    voided_at timestamp with time zone,
    CONSTRAINT labels_facts CHECK ((((fingerprint IS NULL) = (order_id IS NULL)) AND ((fingerprint IS NULL) = (units IS NULL)) AND ((shipment_id IS NULL) = (tracking_number IS NULL)) AND ((shipment_id IS NULL) = (carrier IS NULL)) AND ((fingerprint IS NOT NULL) OR ((state = 'voided'::text) AND (shipment_id IS NULL))))),
    CONSTRAINT labels_state CHECK ((((state = 'created'::text) AND (shipment_id IS NOT NULL)) OR ((state = 'refused'::text) AND (shipment_id IS NULL) AND (refusal_reason IS NOT NULL)) OR ((state = 'voided'::text) AND (voided_at IS NOT NULL)))),
    CONSTRAINT labels_units_positive CHECK ((units > 0))
);

--
-- Name: TABLE labels; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.labels IS 'one row per idempotency key, for good, as in charges';

--
-- Name: late_calls; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.late_calls (
    id bigint NOT NULL,
    operation text NOT NULL,
    arguments jsonb NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

--
-- Name: TABLE late_calls; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.late_calls IS 'calls that their callers gave up and that have not reached the gateway yet; empty unless someone is rehearsing failure';

--
-- Name: late_calls_id_seq; Type: SEQUENCE; Schema: simulated; Owner: -
--

ALTER TABLE simulated.late_calls ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME simulated.late_calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

--
-- Name: refunds; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.refunds (
    origin text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    refund_id text NOT NULL COLLATE pg_catalog."C",
    payment_id text NOT NULL COLLATE pg_catalog."C",
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT refunds_amount_positive CHECK ((amount > 0)),
    CONSTRAINT refunds_origin CHECK ((origin = ANY (ARRAY['refund'::text, 'void'::text])))
);

--
-- Name: COLUMN refunds.origin; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON COLUMN simulated.refunds.origin IS 'whose key it is: that of a refund, or that of a charge undone by a void; the two never collide';

--
-- Name: undecided; Type: TABLE; Schema: simulated; Owner: -
--

CREATE TABLE simulated.undecided (
    operation text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'pending'::text NOT NULL,
    void_reason text,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT undecided_operation CHECK ((operation = ANY (ARRAY['payment.charge'::text, 'payment.void'::text, 'payment.refund'::text]))),
    CONSTRAINT undecided_state CHECK ((state = ANY (ARRAY['pending'::text, 'failed'::text, 'refused'::text, 'closed'::text])))
);

--
-- Name: TABLE undecided; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON TABLE simulated.undecided IS 'charges and refunds that the provider has not decided, or has refused after that; empty unless someone is rehearsing failure';

--
-- Name: COLUMN undecided.void_reason; Type: COMMENT; Schema: simulated; Owner: -
--

COMMENT ON COLUMN simulated.undecided.void_reason IS 'of a pending charge that was voided: undone as soon as it succeeds';

--
-- Name: idempotency_keys; Type: TABLE; Schema: web; Owner: -
--

CREATE TABLE web.idempotency_keys (
    scope text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea NOT NULL,
    owner uuid NOT NULL,
    locked_until timestamp with time zone NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: attempts; Type: TABLE; Schema: webhooks; Owner: -
--

CREATE TABLE webhooks.attempts (
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status integer,
    error text,
    response text
);

--
-- Name: deliveries; Type: TABLE; Schema: webhooks; Owner: -
--

CREATE TABLE webhooks.deliveries (
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    order_id text NOT NULL COLLATE pg_catalog."C",
    event_id uuid NOT NULL,
    event_type text NOT NULL COLLATE pg_catalog."C",
    state text DEFAULT 'pending'::text NOT NULL COLLATE pg_catalog."C",
    signalled_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    last_status integer,
    last_error text,
    last_response text,
    next_attempt_at timestamp with time zone,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT deliveries_state CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'parked'::text])))
);

--
-- Name: endpoints; Type: TABLE; Schema: webhooks; Owner: -
--

CREATE TABLE webhooks.endpoints (
    id text NOT NULL COLLATE pg_catalog."C",
    url text NOT NULL,
    topics text[] NOT NULL,
    description text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    disabled_reason text,
    disabled_after bigint,
    starts_after bigint NOT NULL,
    replay_after bigint,
    replay_until bigint,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

--
-- Name: secrets; Type: TABLE; Schema: webhooks; Owner: -
--

CREATE TABLE webhooks.secrets (
    endpoint_id text NOT NULL COLLATE pg_catalog."C",
    secret text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone
);

--
-- Name: bulk bulk_pkey; Type: CONSTRAINT; Schema: dispatcher; Owner: -
--

ALTER TABLE ONLY dispatcher.bulk
    ADD CONSTRAINT bulk_pkey PRIMARY KEY ("position");

--
-- Name: events events_id_key; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.events
    ADD CONSTRAINT events_id_key UNIQUE (id);

--
-- Name: events events_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");

--
-- Name: events events_stream_version_key; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.events
    ADD CONSTRAINT events_stream_version_key UNIQUE (stream_id, version);

--
-- Name: last_audit last_audit_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.last_audit
    ADD CONSTRAINT last_audit_pkey PRIMARY KEY (only_row);

--
-- Name: parked parked_dispatched_key; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.parked
    ADD CONSTRAINT parked_dispatched_key UNIQUE (dispatched);

--
-- Name: parked parked_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (consumer, "position");

--
-- Name: probe probe_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.probe
    ADD CONSTRAINT probe_pkey PRIMARY KEY (only_row);

--
-- Name: streams streams_name_key; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.streams
    ADD CONSTRAINT streams_name_key UNIQUE (name);

--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (stream_id);

--
-- Name: subscriptions subscriptions_pkey; Type: CONSTRAINT; Schema: eventstore; Owner: -
--

ALTER TABLE ONLY eventstore.subscriptions
    ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (name);

--
-- Name: easypost_shipments easypost_shipments_pkey; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.easypost_shipments
    ADD CONSTRAINT easypost_shipments_pkey PRIMARY KEY (key);

--
-- Name: easypost_shipments easypost_shipments_shipment_id_key; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.easypost_shipments
    ADD CONSTRAINT easypost_shipments_shipment_id_key UNIQUE (shipment_id);

--
-- Name: stripe_charges stripe_charges_intent_id_key; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_charges
    ADD CONSTRAINT stripe_charges_intent_id_key UNIQUE (intent_id);

--
-- Name: stripe_charges stripe_charges_pkey; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_charges
    ADD CONSTRAINT stripe_charges_pkey PRIMARY KEY (key);

--
-- Name: stripe_disputes stripe_disputes_pkey; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_disputes
    ADD CONSTRAINT stripe_disputes_pkey PRIMARY KEY (dispute_id);

--
-- Name: stripe_inbox stripe_inbox_pkey; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_inbox
    ADD CONSTRAINT stripe_inbox_pkey PRIMARY KEY (event_id);

--
-- Name: stripe_refunds stripe_refunds_pkey; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_refunds
    ADD CONSTRAINT stripe_refunds_pkey PRIMARY KEY (key);

--
-- Name: stripe_refunds stripe_refunds_refund_id_key; Type: CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_refunds
    ADD CONSTRAINT stripe_refunds_refund_id_key UNIQUE (refund_id);

--
-- Name: adjustments adjustments_pkey; Type: CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.adjustments
    ADD CONSTRAINT adjustments_pkey PRIMARY KEY (id);

--
-- Name: customs customs_pkey; Type: CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.customs
    ADD CONSTRAINT customs_pkey PRIMARY KEY (sku);

--
-- Name: reservation_lines reservation_lines_pkey; Type: CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.reservation_lines
    ADD CONSTRAINT reservation_lines_pkey PRIMARY KEY (order_id, sku);

--
-- Name: reservations reservations_pkey; Type: CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.reservations
    ADD CONSTRAINT reservations_pkey PRIMARY KEY (order_id);

--
-- Name: stock stock_pkey; Type: CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.stock
    ADD CONSTRAINT stock_pkey PRIMARY KEY (sku);

--
-- Name: customer_orders customer_orders_pkey; Type: CONSTRAINT; Schema: projections; Owner: -
--

ALTER TABLE ONLY projections.customer_orders
    ADD CONSTRAINT customer_orders_pkey PRIMARY KEY (customer_id, currency);

--
-- Name: daily_figures daily_figures_pkey; Type: CONSTRAINT; Schema: projections; Owner: -
--

ALTER TABLE ONLY projections.daily_figures
    ADD CONSTRAINT daily_figures_pkey PRIMARY KEY (quarter, currency);

--
-- Name: order_counts order_counts_pkey; Type: CONSTRAINT; Schema: projections; Owner: -
--

ALTER TABLE ONLY projections.order_counts
    ADD CONSTRAINT order_counts_pkey PRIMARY KEY (status);

--
-- Name: order_dashboard order_dashboard_pkey; Type: CONSTRAINT; Schema: projections; Owner: -
--

ALTER TABLE ONLY projections.order_dashboard
    ADD CONSTRAINT order_dashboard_pkey PRIMARY KEY (order_id);

--
-- Name: revenue revenue_pkey; Type: CONSTRAINT; Schema: projections; Owner: -
--

ALTER TABLE ONLY projections.revenue
    ADD CONSTRAINT revenue_pkey PRIMARY KEY (currency);

--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

--
-- Name: attempts attempts_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (key);

--
-- Name: charges charges_payment_id_key; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.charges
    ADD CONSTRAINT charges_payment_id_key UNIQUE (payment_id);

--
-- Name: charges charges_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.charges
    ADD CONSTRAINT charges_pkey PRIMARY KEY (key);

--
-- Name: faults faults_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.faults
    ADD CONSTRAINT faults_pkey PRIMARY KEY (operation);

--
-- Name: labels labels_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (key);

--
-- Name: labels labels_shipment_id_key; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.labels
    ADD CONSTRAINT labels_shipment_id_key UNIQUE (shipment_id);

--
-- Name: labels labels_tracking_number_key; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.labels
    ADD CONSTRAINT labels_tracking_number_key UNIQUE (tracking_number);

--
-- Name: late_calls late_calls_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.late_calls
    ADD CONSTRAINT late_calls_pkey PRIMARY KEY (id);

--
-- Name: refunds refunds_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (origin, key);

--
-- Name: refunds refunds_refund_id_key; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.refunds
    ADD CONSTRAINT refunds_refund_id_key UNIQUE (refund_id);

--
-- Name: undecided undecided_pkey; Type: CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.undecided
    ADD CONSTRAINT undecided_pkey PRIMARY KEY (operation, key);

--
-- Name: idempotency_keys idempotency_keys_pkey; Type: CONSTRAINT; Schema: web; Owner: -
--

ALTER TABLE ONLY web.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope, key);

--
-- Name: attempts attempts_pkey; Type: CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (endpoint_id, "position", at);

--
-- Name: deliveries deliveries_pkey; Type: CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (endpoint_id, "position");

--
-- Name: endpoints endpoints_pkey; Type: CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.endpoints
    ADD CONSTRAINT endpoints_pkey PRIMARY KEY (id);

--
-- Name: secrets secrets_pkey; Type: CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.secrets
    ADD CONSTRAINT secrets_pkey PRIMARY KEY (endpoint_id, secret);

--
-- Name: bulk_started; Type: INDEX; Schema: dispatcher; Owner: -
--

CREATE INDEX bulk_started ON dispatcher.bulk USING btree (started_at) WHERE (started_at IS NOT NULL);

--
-- Name: bulk_stream; Type: INDEX; Schema: dispatcher; Owner: -
--

CREATE INDEX bulk_stream ON dispatcher.bulk USING btree (stream);

--
-- Name: bulk_waiting; Type: INDEX; Schema: dispatcher; Owner: -
--

CREATE INDEX bulk_waiting ON dispatcher.bulk USING btree ("position") WHERE (started_at IS NULL);

--
-- Name: easypost_shipments_order_id_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX easypost_shipments_order_id_idx ON gateways.easypost_shipments USING btree (order_id);

--
-- Name: stripe_charges_authorised_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_charges_authorised_idx ON gateways.stripe_charges USING btree (authorised_until) WHERE ((state = 'authorised'::text) AND (voided_at IS NULL));

--
-- Name: stripe_charges_order_id_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_charges_order_id_idx ON gateways.stripe_charges USING btree (order_id);

--
-- Name: stripe_disputes_intent_id_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_disputes_intent_id_idx ON gateways.stripe_disputes USING btree (intent_id);

--
-- Name: stripe_disputes_open_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_disputes_open_idx ON gateways.stripe_disputes USING btree (at) WHERE (state = 'disputed'::text);

--
-- Name: stripe_inbox_handled_at_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_inbox_handled_at_idx ON gateways.stripe_inbox USING btree (handled_at) WHERE (handled_at IS NOT NULL);

--
-- Name: stripe_refunds_by_hand_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_refunds_by_hand_idx ON gateways.stripe_refunds USING btree (at) WHERE (manual AND (adjusted = 0));

--
-- Name: stripe_refunds_failed_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_refunds_failed_idx ON gateways.stripe_refunds USING btree (at) WHERE (state = 'failed'::text);

--
-- Name: stripe_refunds_intent_id_idx; Type: INDEX; Schema: gateways; Owner: -
--

CREATE INDEX stripe_refunds_intent_id_idx ON gateways.stripe_refunds USING btree (intent_id);

--
-- Name: adjustments_by_sku; Type: INDEX; Schema: inventory; Owner: -
--

CREATE INDEX adjustments_by_sku ON inventory.adjustments USING btree (sku, id);

--
-- Name: adjustments_refund_key; Type: INDEX; Schema: inventory; Owner: -
--

CREATE UNIQUE INDEX adjustments_refund_key ON inventory.adjustments USING btree (order_id, refund_id, sku) WHERE (order_id IS NOT NULL);

--
-- Name: adjustments_request_id_key; Type: INDEX; Schema: inventory; Owner: -
--

CREATE UNIQUE INDEX adjustments_request_id_key ON inventory.adjustments USING btree (request_id) WHERE (request_id IS NOT NULL);

--
-- Name: customer_orders_by_spend; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX customer_orders_by_spend ON projections.customer_orders USING btree (currency, total_spend DESC, customer_id);

--
-- Name: order_dashboard_by_customer; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_by_customer ON projections.order_dashboard USING btree (customer_id, placed_position);

--
-- Name: order_dashboard_by_status; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_by_status ON projections.order_dashboard USING btree (status, placed_position);

--
-- Name: order_dashboard_by_time; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_by_time ON projections.order_dashboard USING btree (placed_at, placed_position);

--
-- Name: order_dashboard_facts; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_facts ON projections.order_dashboard USING gin (facts) WITH (gin_pending_list_limit='512');

--
-- Name: order_dashboard_metadata; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_metadata ON projections.order_dashboard USING gin (metadata jsonb_path_ops) WHERE (metadata <> '{}'::jsonb);

--
-- Name: order_dashboard_newest; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_newest ON projections.order_dashboard USING btree (placed_position) WHERE (placed_position > 0);

--
-- Name: order_dashboard_on_hold; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_on_hold ON projections.order_dashboard USING btree (status) WHERE (hold_reason IS NOT NULL);

--
-- Name: order_dashboard_owed; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_owed ON projections.order_dashboard USING btree (currency) WHERE ((status = 'cancelled'::text) AND (payment_state = 'paid'::text) AND (amount_settled = 0));

--
-- Name: order_dashboard_tags; Type: INDEX; Schema: projections; Owner: -
--

CREATE INDEX order_dashboard_tags ON projections.order_dashboard USING gin (tags jsonb_path_ops) WHERE (tags <> '[]'::jsonb);

--
-- Name: charges_order_id_idx; Type: INDEX; Schema: simulated; Owner: -
--

CREATE INDEX charges_order_id_idx ON simulated.charges USING btree (order_id);

--
-- Name: labels_order_id_idx; Type: INDEX; Schema: simulated; Owner: -
--

CREATE INDEX labels_order_id_idx ON simulated.labels USING btree (order_id);

--
-- Name: refunds_payment_id_idx; Type: INDEX; Schema: simulated; Owner: -
--

CREATE INDEX refunds_payment_id_idx ON simulated.refunds USING btree (payment_id);

--
-- Name: idempotency_keys_by_age; Type: INDEX; Schema: web; Owner: -
--

CREATE INDEX idempotency_keys_by_age ON web.idempotency_keys USING btree (created_at);

--
-- Name: deliveries_by_order; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_by_order ON webhooks.deliveries USING btree (order_id, "position", endpoint_id);

--
-- Name: deliveries_by_state; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_by_state ON webhooks.deliveries USING btree (state, "position", endpoint_id);

--
-- Name: deliveries_by_type; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_by_type ON webhooks.deliveries USING btree (event_type, "position", endpoint_id);

--
-- Name: deliveries_ended; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_ended ON webhooks.deliveries USING btree (ended_at) WHERE (state = 'delivered'::text);

--
-- Name: deliveries_newest; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_newest ON webhooks.deliveries USING btree ("position", endpoint_id);

--
-- Name: deliveries_pending; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_pending ON webhooks.deliveries USING btree (endpoint_id, order_id, "position") WHERE (state = 'pending'::text);

--
-- Name: deliveries_unsignalled; Type: INDEX; Schema: webhooks; Owner: -
--

CREATE INDEX deliveries_unsignalled ON webhooks.deliveries USING btree ("position", endpoint_id) WHERE ((state = 'pending'::text) AND (signalled_at IS NULL));

--
-- Name: events append_only; Type: TRIGGER; Schema: eventstore; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON eventstore.events FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change();

--
-- Name: streams append_only; Type: TRIGGER; Schema: eventstore; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF stream_id, name, category OR TRUNCATE ON eventstore.streams FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change();

--
-- Name: parked by_the_dispatcher; Type: TRIGGER; Schema: eventstore; Owner: -
--

CREATE TRIGGER by_the_dispatcher BEFORE INSERT ON eventstore.parked FOR EACH ROW EXECUTE FUNCTION eventstore.parked_by_the_dispatcher();

--
-- Name: streams named; Type: TRIGGER; Schema: eventstore; Owner: -
--

CREATE TRIGGER named BEFORE INSERT ON eventstore.streams FOR EACH ROW EXECUTE FUNCTION eventstore.name_stream();

--
-- Name: stripe_charges stripe_charges_forward; Type: TRIGGER; Schema: gateways; Owner: -
--

CREATE TRIGGER stripe_charges_forward BEFORE UPDATE ON gateways.stripe_charges FOR EACH ROW EXECUTE FUNCTION gateways.stripe_charge_moves_forward();

--
-- Name: order_dashboard count_inserted; Type: TRIGGER; Schema: projections; Owner: -
--

CREATE TRIGGER count_inserted AFTER INSERT ON projections.order_dashboard REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION projections.order_counts_inserted();

--
-- Name: order_dashboard count_updated; Type: TRIGGER; Schema: projections; Owner: -
--

CREATE TRIGGER count_updated AFTER UPDATE ON projections.order_dashboard REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION projections.order_counts_updated();

--
-- Name: customer_orders revenue_inserted; Type: TRIGGER; Schema: projections; Owner: -
--

CREATE TRIGGER revenue_inserted AFTER INSERT ON projections.customer_orders REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION projections.revenue_inserted();

--
-- Name: customer_orders revenue_updated; Type: TRIGGER; Schema: projections; Owner: -
--

CREATE TRIGGER revenue_updated AFTER UPDATE ON projections.customer_orders REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION projections.revenue_updated();

--
-- Name: stripe_disputes stripe_disputes_intent_id_fkey; Type: FK CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_disputes
    ADD CONSTRAINT stripe_disputes_intent_id_fkey FOREIGN KEY (intent_id) REFERENCES gateways.stripe_charges(intent_id);

--
-- Name: stripe_refunds stripe_refunds_intent_id_fkey; Type: FK CONSTRAINT; Schema: gateways; Owner: -
--

ALTER TABLE ONLY gateways.stripe_refunds
    ADD CONSTRAINT stripe_refunds_intent_id_fkey FOREIGN KEY (intent_id) REFERENCES gateways.stripe_charges(intent_id);

--
-- Name: adjustments adjustments_sku_fkey; Type: FK CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.adjustments
    ADD CONSTRAINT adjustments_sku_fkey FOREIGN KEY (sku) REFERENCES inventory.stock(sku);

--
-- Name: customs customs_sku_fkey; Type: FK CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.customs
    ADD CONSTRAINT customs_sku_fkey FOREIGN KEY (sku) REFERENCES inventory.stock(sku);

--
-- Name: reservation_lines reservation_lines_order_id_fkey; Type: FK CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.reservation_lines
    ADD CONSTRAINT reservation_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES inventory.reservations(order_id);

--
-- Name: reservation_lines reservation_lines_sku_fkey; Type: FK CONSTRAINT; Schema: inventory; Owner: -
--

ALTER TABLE ONLY inventory.reservation_lines
    ADD CONSTRAINT reservation_lines_sku_fkey FOREIGN KEY (sku) REFERENCES inventory.stock(sku);

--
-- Name: refunds refunds_payment_id_fkey; Type: FK CONSTRAINT; Schema: simulated; Owner: -
--

ALTER TABLE ONLY simulated.refunds
    ADD CONSTRAINT refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES simulated.charges(payment_id);

--
-- Name: attempts attempts_of_delivery; Type: FK CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.attempts
    ADD CONSTRAINT attempts_of_delivery FOREIGN KEY (endpoint_id, "position") REFERENCES webhooks.deliveries(endpoint_id, "position") ON DELETE CASCADE;

--
-- Name: deliveries deliveries_endpoint_id_fkey; Type: FK CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.deliveries
    ADD CONSTRAINT deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhooks.endpoints(id) ON DELETE CASCADE;

--
-- Name: secrets secrets_endpoint_id_fkey; Type: FK CONSTRAINT; Schema: webhooks; Owner: -
--

ALTER TABLE ONLY webhooks.secrets
    ADD CONSTRAINT secrets_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhooks.endpoints(id) ON DELETE CASCADE;

--
-- Name: SCHEMA dispatcher; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA dispatcher TO orders_app;

--
-- Name: SCHEMA eventstore; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA eventstore TO orders_app;

--
-- Name: SCHEMA gateways; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA gateways TO orders_app;

--
-- Name: SCHEMA inventory; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA inventory TO orders_app;

--
-- Name: SCHEMA projections; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA projections TO orders_app;

--
-- Name: SCHEMA simulated; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA simulated TO orders_app;

--
-- Name: SCHEMA web; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA web TO orders_app;

--
-- Name: SCHEMA webhooks; Type: ACL; Schema: -; Owner: -
--

GRANT USAGE ON SCHEMA webhooks TO orders_app;

--
-- Name: FUNCTION append(p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[], OUT status text, OUT version bigint, OUT first_position bigint, OUT last_position bigint); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.append(p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[], OUT status text, OUT version bigint, OUT first_position bigint, OUT last_position bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.append(p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[], OUT status text, OUT version bigint, OUT first_position bigint, OUT last_position bigint) TO orders_app;

--
-- Name: FUNCTION append_each(p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[]); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.append_each(p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.append_each(p_streams text[], p_expected bigint[], p_ids uuid[], p_types text[], p_schema_versions integer[], p_data text[], p_metadata text[]) TO orders_app;

--
-- Name: FUNCTION append_lone(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.append_lone(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.append_lone(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb) TO orders_app;

--
-- Name: FUNCTION append_one(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb, OUT version bigint, OUT "position" bigint); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.append_one(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb, OUT version bigint, OUT "position" bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.append_one(p_stream text, p_expected bigint, p_id uuid, p_type text, p_schema_version integer, p_data jsonb, p_metadata jsonb, OUT version bigint, OUT "position" bigint) TO orders_app;

--
-- Name: FUNCTION move_lanes(p_name text, p_from bigint[], p_to bigint[]); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.move_lanes(p_name text, p_from bigint[], p_to bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.move_lanes(p_name text, p_from bigint[], p_to bigint[]) TO orders_app;

--
-- Name: FUNCTION name_stream(); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.name_stream() FROM PUBLIC;

--
-- Name: FUNCTION next_page(p_name text, p_saved bigint[], p_lanes bigint[], p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.next_page(p_name text, p_saved bigint[], p_lanes bigint[], p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.next_page(p_name text, p_saved bigint[], p_lanes bigint[], p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) TO orders_app;

--
-- Name: FUNCTION open_lanes(p_name text, p_count integer); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.open_lanes(p_name text, p_count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.open_lanes(p_name text, p_count integer) TO orders_app;

--
-- Name: FUNCTION parked_by_the_dispatcher(); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.parked_by_the_dispatcher() FROM PUBLIC;

--
-- Name: FUNCTION read_all(p_after bigint, p_until bigint, p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.read_all(p_after bigint, p_until bigint, p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.read_all(p_after bigint, p_until bigint, p_types text[], p_category text, p_known text[], p_limit bigint, p_bytes bigint) TO orders_app;

--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.refuse_change() FROM PUBLIC;

--
-- Name: FUNCTION refuse_passed(p_position bigint); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.refuse_passed(p_position bigint) FROM PUBLIC;

--
-- Name: TABLE events; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT ON TABLE eventstore.events TO orders_app;

--
-- Name: TABLE subscriptions; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE eventstore.subscriptions TO orders_app;

--
-- Name: FUNCTION sequence_lag(); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.sequence_lag() FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.sequence_lag() TO orders_app;

--
-- Name: FUNCTION settled(); Type: ACL; Schema: eventstore; Owner: -
--

REVOKE ALL ON FUNCTION eventstore.settled() FROM PUBLIC;
GRANT ALL ON FUNCTION eventstore.settled() TO orders_app;

--
-- Name: FUNCTION stripe_charge_moves_forward(); Type: ACL; Schema: gateways; Owner: -
--

REVOKE ALL ON FUNCTION gateways.stripe_charge_moves_forward() FROM PUBLIC;

--
-- Name: FUNCTION stripe_rank(in_state text); Type: ACL; Schema: gateways; Owner: -
--

REVOKE ALL ON FUNCTION gateways.stripe_rank(in_state text) FROM PUBLIC;
GRANT ALL ON FUNCTION gateways.stripe_rank(in_state text) TO orders_app;

--
-- Name: FUNCTION stripe_refund_rank(in_state text); Type: ACL; Schema: gateways; Owner: -
--

REVOKE ALL ON FUNCTION gateways.stripe_refund_rank(in_state text) FROM PUBLIC;
GRANT ALL ON FUNCTION gateways.stripe_refund_rank(in_state text) TO orders_app;

--
-- Name: FUNCTION adjust(in_sku text, in_level bigint, in_change bigint, in_expected bigint, in_reason text, in_actor text, in_request_id text); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.adjust(in_sku text, in_level bigint, in_change bigint, in_expected bigint, in_reason text, in_actor text, in_request_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.adjust(in_sku text, in_level bigint, in_change bigint, in_expected bigint, in_reason text, in_actor text, in_request_id text) TO orders_app;

--
-- Name: FUNCTION import_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.import_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.import_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) TO orders_app;

--
-- Name: FUNCTION release(in_order_id text); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.release(in_order_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.release(in_order_id text) TO orders_app;

--
-- Name: FUNCTION reserve(in_order_id text, in_skus text[], in_units bigint[]); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.reserve(in_order_id text, in_skus text[], in_units bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.reserve(in_order_id text, in_skus text[], in_units bigint[]) TO orders_app;

--
-- Name: FUNCTION restock(in_order_id text, in_refund_id text, in_skus text[], in_units bigint[], in_reason text, in_actor text); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.restock(in_order_id text, in_refund_id text, in_skus text[], in_units bigint[], in_reason text, in_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.restock(in_order_id text, in_refund_id text, in_skus text[], in_units bigint[], in_reason text, in_actor text) TO orders_app;

--
-- Name: FUNCTION set_customs(in_skus text[], in_origins text[], in_hs_codes text[], in_grams bigint[], in_values bigint[], in_currencies text[]); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.set_customs(in_skus text[], in_origins text[], in_hs_codes text[], in_grams bigint[], in_values bigint[], in_currencies text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.set_customs(in_skus text[], in_origins text[], in_hs_codes text[], in_grams bigint[], in_values bigint[], in_currencies text[]) TO orders_app;

--
-- Name: FUNCTION set_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text); Type: ACL; Schema: inventory; Owner: -
--

REVOKE ALL ON FUNCTION inventory.set_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION inventory.set_levels(in_skus text[], in_units bigint[], in_names text[], in_unit_prices bigint[], in_reason text, in_actor text) TO orders_app;

--
-- Name: FUNCTION begin_rebuild(p_table text); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.begin_rebuild(p_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION projections.begin_rebuild(p_table text) TO orders_app;

--
-- Name: FUNCTION index_rebuild(p_table text); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.index_rebuild(p_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION projections.index_rebuild(p_table text) TO orders_app;

--
-- Name: FUNCTION order_counts_inserted(); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.order_counts_inserted() FROM PUBLIC;

--
-- Name: FUNCTION order_counts_updated(); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.order_counts_updated() FROM PUBLIC;

--
-- Name: FUNCTION rebuilt(p_table text); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.rebuilt(p_table text) FROM PUBLIC;

--
-- Name: FUNCTION recount(p_table text); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.recount(p_table text) FROM PUBLIC;

--
-- Name: FUNCTION revenue_inserted(); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.revenue_inserted() FROM PUBLIC;

--
-- Name: FUNCTION revenue_updated(); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.revenue_updated() FROM PUBLIC;

--
-- Name: FUNCTION swap_in(p_table text); Type: ACL; Schema: projections; Owner: -
--

REVOKE ALL ON FUNCTION projections.swap_in(p_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION projections.swap_in(p_table text) TO orders_app;

--
-- Name: FUNCTION begin_attempt(in_key text, in_attempt integer); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.begin_attempt(in_key text, in_attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.begin_attempt(in_key text, in_attempt integer) TO orders_app;

--
-- Name: FUNCTION charge(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.charge(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.charge(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text) TO orders_app;

--
-- Name: FUNCTION charge_or_wait(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text, OUT pending_since timestamp with time zone); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.charge_or_wait(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text, OUT pending_since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.charge_or_wait(in_key text, in_fingerprint text, in_order_id text, in_amount bigint, in_currency text, in_decline_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT payment_id text, OUT amount bigint, OUT currency text, OUT refunded_amount bigint, OUT code text, OUT reason text, OUT pending_since timestamp with time zone) TO orders_app;

--
-- Name: FUNCTION close_refund(in_operation text, in_key text, in_payment_id text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.close_refund(in_operation text, in_key text, in_payment_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.close_refund(in_operation text, in_key text, in_payment_id text) TO orders_app;

--
-- Name: FUNCTION create_label(in_key text, in_fingerprint text, in_order_id text, in_units bigint, in_carrier text, in_unavailable_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT shipment_id text, OUT tracking_number text, OUT carrier text, OUT reason text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.create_label(in_key text, in_fingerprint text, in_order_id text, in_units bigint, in_carrier text, in_unavailable_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT shipment_id text, OUT tracking_number text, OUT carrier text, OUT reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.create_label(in_key text, in_fingerprint text, in_order_id text, in_units bigint, in_carrier text, in_unavailable_above bigint, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT shipment_id text, OUT tracking_number text, OUT carrier text, OUT reason text) TO orders_app;

--
-- Name: FUNCTION decide(in_operation text, in_key text, in_succeeds boolean); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.decide(in_operation text, in_key text, in_succeeds boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.decide(in_operation text, in_key text, in_succeeds boolean) TO orders_app;

--
-- Name: FUNCTION draw_fault(in_operation text, in_heed boolean, OUT fault text, OUT fault_delay double precision); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.draw_fault(in_operation text, in_heed boolean, OUT fault text, OUT fault_delay double precision) FROM PUBLIC;

--
-- Name: FUNCTION refund(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.refund(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.refund(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) TO orders_app;

--
-- Name: FUNCTION refund_or_wait(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.refund_or_wait(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.refund_or_wait(in_key text, in_payment_id text, in_amount bigint, in_currency text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT outcome text, OUT refund_id text, OUT charged bigint, OUT refunded bigint, OUT charge_currency text) TO orders_app;

--
-- Name: FUNCTION take_back(in_operation text, in_key text, in_state text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.take_back(in_operation text, in_key text, in_state text) FROM PUBLIC;

--
-- Name: FUNCTION void_charge(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.void_charge(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.void_charge(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint) TO orders_app;

--
-- Name: FUNCTION void_label(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT existed boolean); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.void_label(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT existed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.void_label(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT existed boolean) TO orders_app;

--
-- Name: FUNCTION void_or_wait(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint, OUT state text); Type: ACL; Schema: simulated; Owner: -
--

REVOKE ALL ON FUNCTION simulated.void_or_wait(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint, OUT state text) FROM PUBLIC;
GRANT ALL ON FUNCTION simulated.void_or_wait(in_key text, in_reason text, in_heed_faults boolean, OUT fault text, OUT fault_delay double precision, OUT payment_id text, OUT refund_id text, OUT amount_returned bigint, OUT state text) TO orders_app;

--
-- Name: TABLE bulk; Type: ACL; Schema: dispatcher; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE dispatcher.bulk TO orders_app;

--
-- Name: TABLE parked; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE eventstore.parked TO orders_app;

--
-- Name: TABLE parked; Type: ACL; Schema: dispatcher; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE dispatcher.parked TO orders_app;

--
-- Name: TABLE last_audit; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE eventstore.last_audit TO orders_app;

--
-- Name: TABLE probe; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT ON TABLE eventstore.probe TO orders_app;

--
-- Name: COLUMN probe.at; Type: ACL; Schema: eventstore; Owner: -
--

GRANT UPDATE(at) ON TABLE eventstore.probe TO orders_app;

--
-- Name: TABLE streams; Type: ACL; Schema: eventstore; Owner: -
--

GRANT SELECT ON TABLE eventstore.streams TO orders_app;

--
-- Name: TABLE easypost_shipments; Type: ACL; Schema: gateways; Owner: -
--

GRANT SELECT ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.key; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(key) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.order_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(order_id) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.fingerprint; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(fingerprint) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.shipment_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(shipment_id) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.tracking_number; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(tracking_number) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.carrier; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(carrier) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.state; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(state),UPDATE(state) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.refusal_reason; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(refusal_reason) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.void_reason; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(void_reason),UPDATE(void_reason) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.buying_until; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(buying_until) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.updated_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.voided_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(voided_at),UPDATE(voided_at) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: COLUMN easypost_shipments.appears_until; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(appears_until) ON TABLE gateways.easypost_shipments TO orders_app;

--
-- Name: TABLE stripe_charges; Type: ACL; Schema: gateways; Owner: -
--

GRANT SELECT ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.key; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(key) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.order_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(order_id) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.fingerprint; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(fingerprint) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.amount; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(amount) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.currency; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(currency) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.attempt; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(attempt),UPDATE(attempt) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.intent_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(intent_id) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.state; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(state),UPDATE(state) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.decline_code; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(decline_code) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.decline_reason; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(decline_reason) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.void_reason; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(void_reason),UPDATE(void_reason) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.authorised_until; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(authorised_until) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.refund_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(refund_id) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.amount_returned; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(amount_returned) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.updated_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.voided_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(voided_at),UPDATE(voided_at) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.asks; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(asks) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: COLUMN stripe_charges.released; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(released) ON TABLE gateways.stripe_charges TO orders_app;

--
-- Name: TABLE stripe_disputes; Type: ACL; Schema: gateways; Owner: -
--

GRANT SELECT ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.dispute_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(dispute_id) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.intent_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(intent_id) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.amount; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(amount),UPDATE(amount) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.state; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(state),UPDATE(state) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.at; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(at) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: COLUMN stripe_disputes.updated_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(updated_at) ON TABLE gateways.stripe_disputes TO orders_app;

--
-- Name: TABLE stripe_inbox; Type: ACL; Schema: gateways; Owner: -
--

GRANT SELECT,DELETE ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: COLUMN stripe_inbox.event_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(event_id) ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: COLUMN stripe_inbox.type; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(type) ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: COLUMN stripe_inbox.intent_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(intent_id) ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: COLUMN stripe_inbox.created; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(created) ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: COLUMN stripe_inbox.handled_at; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(handled_at) ON TABLE gateways.stripe_inbox TO orders_app;

--
-- Name: TABLE stripe_refunds; Type: ACL; Schema: gateways; Owner: -
--

GRANT SELECT ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.key; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(key) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.intent_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(intent_id) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.refund_id; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(refund_id) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.amount; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(amount) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.currency; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(currency) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.reason; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(reason) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.state; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(state) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.at; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(at) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.asks; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(asks) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.asking; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(asking) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.by_hand; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(by_hand) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.manual; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(manual) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.closed; Type: ACL; Schema: gateways; Owner: -
--

GRANT INSERT(closed),UPDATE(closed) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: COLUMN stripe_refunds.adjusted; Type: ACL; Schema: gateways; Owner: -
--

GRANT UPDATE(adjusted) ON TABLE gateways.stripe_refunds TO orders_app;

--
-- Name: TABLE adjustments; Type: ACL; Schema: inventory; Owner: -
--

GRANT SELECT ON TABLE inventory.adjustments TO orders_app;

--
-- Name: TABLE customs; Type: ACL; Schema: inventory; Owner: -
--

GRANT SELECT ON TABLE inventory.customs TO orders_app;

--
-- Name: TABLE reservation_lines; Type: ACL; Schema: inventory; Owner: -
--

GRANT SELECT ON TABLE inventory.reservation_lines TO orders_app;

--
-- Name: TABLE reservations; Type: ACL; Schema: inventory; Owner: -
--

GRANT SELECT ON TABLE inventory.reservations TO orders_app;

--
-- Name: TABLE stock; Type: ACL; Schema: inventory; Owner: -
--

GRANT SELECT ON TABLE inventory.stock TO orders_app;

--
-- Name: TABLE customer_orders; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.customer_orders TO orders_app;

--
-- Name: TABLE daily_figures; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.daily_figures TO orders_app;

--
-- Name: TABLE order_counts; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.order_counts TO orders_app;

--
-- Name: TABLE order_dashboard; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.order_dashboard TO orders_app;

--
-- Name: TABLE parked; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.parked TO orders_app;

--
-- Name: TABLE revenue; Type: ACL; Schema: projections; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE projections.revenue TO orders_app;

--
-- Name: TABLE schema_migrations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.schema_migrations TO orders_app;

--
-- Name: TABLE attempts; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT ON TABLE simulated.attempts TO orders_app;

--
-- Name: TABLE charges; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT ON TABLE simulated.charges TO orders_app;

--
-- Name: TABLE faults; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE simulated.faults TO orders_app;

--
-- Name: TABLE labels; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT ON TABLE simulated.labels TO orders_app;

--
-- Name: TABLE late_calls; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE simulated.late_calls TO orders_app;

--
-- Name: TABLE refunds; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT ON TABLE simulated.refunds TO orders_app;

--
-- Name: TABLE undecided; Type: ACL; Schema: simulated; Owner: -
--

GRANT SELECT ON TABLE simulated.undecided TO orders_app;

--
-- Name: TABLE idempotency_keys; Type: ACL; Schema: web; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web.idempotency_keys TO orders_app;

--
-- Name: TABLE attempts; Type: ACL; Schema: webhooks; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhooks.attempts TO orders_app;

--
-- Name: TABLE deliveries; Type: ACL; Schema: webhooks; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhooks.deliveries TO orders_app;

--
-- Name: TABLE endpoints; Type: ACL; Schema: webhooks; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhooks.endpoints TO orders_app;

--
-- Name: TABLE secrets; Type: ACL; Schema: webhooks; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE webhooks.secrets TO orders_app;

--
-- PostgreSQL database dump complete
--
