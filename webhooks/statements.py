"""The webhooks' SQL, and the index that each statement uses."""

from typing import Final

# ---- Deliveries

# The lowest pending position of an order, by deliveries_pending; no row while the endpoint is disabled.
NEXT: Final = """
select d.position, extract(epoch from clock_timestamp() - d.since)::float as age
  from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
 where d.endpoint_id = $1 and d.order_id = $2 and d.state = 'pending' order by d.position limit 1"""

# The URL of a pending delivery, by deliveries_pkey and endpoints_pkey.
TARGET: Final = """
select e.url from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
 where d.endpoint_id = $1 and d.position = $2 and d.state = 'pending'"""

# Success and the attempt, by deliveries_pkey. Like FAILED and PARK only of a pending row: one parked during an attempt stays
# parked.
DELIVERED: Final = """
with delivered as (
update webhooks.deliveries
   set state = 'delivered', attempts = attempts + 1, last_status = $3, last_error = null, last_response = null,
       next_attempt_at = null, ended_at = clock_timestamp()
 where endpoint_id = $1 and position = $2 and state = 'pending' returning endpoint_id, position)
insert into webhooks.attempts (endpoint_id, position, status, response) select endpoint_id, position, $3, $4 from delivered"""

# A failed attempt, by deliveries_pkey.
FAILED: Final = """
with failed as (
update webhooks.deliveries
   set attempts = attempts + 1, last_status = $3, last_error = $4, last_response = $5,
       next_attempt_at = clock_timestamp() + make_interval(secs => $6::float)
 where endpoint_id = $1 and position = $2 and state = 'pending' returning endpoint_id, position)
insert into webhooks.attempts (endpoint_id, position, status, error, response)
select endpoint_id, position, $3, $4, $5 from failed"""

# Park a pending delivery, by deliveries_pkey; without a reason it keeps the last attempt's error.
PARK: Final = """
update webhooks.deliveries
   set state = 'parked', last_error = coalesce($3, last_error, 'was not tried in time: the endpoint did not respond'),
       next_attempt_at = null, ended_at = clock_timestamp()
 where endpoint_id = $1 and position = $2 and state = 'pending'"""

# Make a parked delivery pending, by deliveries_pkey; the relay signals its workflow.
RETRY: Final = """
update webhooks.deliveries
   set state = 'pending', signalled_at = null, since = clock_timestamp(), ended_at = null
 where endpoint_id = $1 and position = $2 and state = 'parked'"""

_DELIVERY: Final = """endpoint_id, position, order_id, event_id, event_type, state, attempts, last_status, last_error,
       last_response, next_attempt_at, since, ended_at"""

# A page, newest first, by deliveries_pkey for an endpoint, deliveries_by_state, _by_order or _by_type for a state, an order or
# an event type, deliveries_newest for all.
DELIVERIES: Final = f"""
select {_DELIVERY} from webhooks.deliveries where (position, endpoint_id) < ($1, $2) {{filters}}
 order by position desc, endpoint_id desc limit $3"""

# One delivery, by deliveries_pkey.
DELIVERY: Final = f"select {_DELIVERY} from webhooks.deliveries where endpoint_id = $1 and position = $2"

# The attempts at a delivery, the latest first, by attempts_pkey.
ATTEMPTS: Final = """
select at, status, error, response from webhooks.attempts
 where endpoint_id = $1 and position = $2 order by at desc limit $3"""

# The number of parked deliveries, by deliveries_by_state.
PARKED: Final = "select count(*) from webhooks.deliveries where state = 'parked'"

# ---- Endpoints and their secrets: tables of a few rows

_ENDPOINT: Final = """id, url, topics, description, enabled, disabled_reason, disabled_after, starts_after,
       replay_after, replay_until, created_at, updated_at"""

# A new endpoint; no row where it exists, by endpoints_pkey.
ADD_ENDPOINT: Final = f"""
insert into webhooks.endpoints (id, url, topics, description, starts_after) values ($1, $2, $3, $4, $5)
    on conflict (id) do nothing returning {_ENDPOINT}"""

# All endpoints by a scan, or one by endpoints_pkey.
ENDPOINTS: Final = (
    f"select {_ENDPOINT} from webhooks.endpoints where $1::text is null or id = $1 order by created_at, id"
)

# Change the given fields, by endpoints_pkey.
CHANGE_ENDPOINT: Final = f"""
update webhooks.endpoints
   set url = coalesce($2, url), topics = coalesce($3, topics), description = coalesce($4, description),
       updated_at = clock_timestamp()
 where id = $1 returning {_ENDPOINT}"""

# Enable an endpoint, by endpoints_pkey.
ENABLE: Final = """
update webhooks.endpoints
   set enabled = true, disabled_reason = null, disabled_after = null, updated_at = clock_timestamp() where id = $1"""

# Have every pending delivery of an endpoint signalled again, by deliveries_pending.
WAKE: Final = "update webhooks.deliveries set signalled_at = null where endpoint_id = $1 and state = 'pending'"

# Disable an endpoint, by endpoints_pkey.
DISABLE: Final = """
update webhooks.endpoints
   set enabled = false, disabled_reason = $2, disabled_after = $3, updated_at = clock_timestamp()
 where id = $1 and enabled"""

# Remove an endpoint, by endpoints_pkey; its secrets and deliveries are deleted with it.
REMOVE_ENDPOINT: Final = "delete from webhooks.endpoints where id = $1"

# A new secret.
ADD_SECRET: Final = "insert into webhooks.secrets (endpoint_id, secret) values ($1, $2)"

# Let an endpoint's secrets expire no later than after an interval, by secrets_pkey.
EXPIRE_SECRETS: Final = """
update webhooks.secrets
   set expires_at = least(coalesce(expires_at, 'infinity'), clock_timestamp() + $2::interval) where endpoint_id = $1"""

# Delete an endpoint's expired secrets, by secrets_pkey.
DROP_EXPIRED_SECRETS: Final = "delete from webhooks.secrets where endpoint_id = $1 and expires_at <= clock_timestamp()"

# The secrets that sign now, newest first, by secrets_pkey.
SECRETS: Final = """
select secret from webhooks.secrets
 where endpoint_id = $1 and (expires_at is null or expires_at > clock_timestamp()) order by created_at desc"""

# Start a replay unless one is running, by endpoints_pkey.
REPLAY: Final = f"""
update webhooks.endpoints set replay_after = $2, replay_until = $3
 where id = $1 and replay_after is null returning {_ENDPOINT}"""

# ---- Outbox

# The enabled endpoints, by a scan.
LISTENERS: Final = "select id, topics, starts_after from webhooks.endpoints where enabled"

# Whether any endpoint is enabled, by a scan.
ANY_LISTENERS: Final = "select exists (select from webhooks.endpoints where enabled)"

# The running replays, by a scan.
REPLAYS: Final = """
select id, topics, replay_after, replay_until from webhooks.endpoints
 where replay_after is not null and enabled order by id"""

_ADD_DELIVERIES: Final = """
insert into webhooks.deliveries as d (endpoint_id, position, order_id, event_id, event_type)
select n.* from unnest($1::text[], $2::bigint[], $3::text[], $4::uuid[], $5::text[])
       n (endpoint_id, position, order_id, event_id, event_type)
  join webhooks.endpoints e on e.id = n.endpoint_id
    on conflict (endpoint_id, position) do """

# New deliveries, by deliveries_pkey; none for an endpoint that was removed in the meantime.
ADD_DELIVERIES: Final = _ADD_DELIVERIES + "nothing"

# The same for a replay: a delivered or parked delivery becomes pending again.
ADD_DELIVERIES_AGAIN: Final = (
    _ADD_DELIVERIES
    + """update
   set state = 'pending', signalled_at = null, attempts = 0, last_status = null, last_error = null, last_response = null,
       next_attempt_at = null, since = clock_timestamp(), ended_at = null
 where d.state <> 'pending'"""
)

# Move a replay on, by endpoints_pkey. Fencing: no row where another relay has moved it, and the transaction rolls back.
REPLAYED: Final = """
update webhooks.endpoints
   set replay_after = case when $3::bigint < replay_until then $3 end,
       replay_until = case when $3::bigint < replay_until then replay_until end
 where id = $1 and replay_after = $2"""

# Unsignalled deliveries by endpoint and order, by deliveries_unsignalled, then deliveries_pending. Disabled endpoints are
# left out: their workflows would find nothing to send.
WAITING: Final = """
select endpoint_id, order_id, array_agg(position) as positions,
       exists (select from webhooks.deliveries s
                where s.endpoint_id = w.endpoint_id and s.order_id = w.order_id and s.state = 'pending'
                  and s.signalled_at is not null) as signalled_before
  from (select d.endpoint_id, d.order_id, d.position
          from webhooks.deliveries d join webhooks.endpoints e on e.id = d.endpoint_id and e.enabled
         where d.state = 'pending' and d.signalled_at is null order by d.position, d.endpoint_id limit $1) w
 group by 1, 2"""

# Mark deliveries as signalled, by deliveries_pkey.
SIGNALLED: Final = """
update webhooks.deliveries d set signalled_at = clock_timestamp()
  from unnest($1::text[], $2::bigint[]) s (endpoint_id, position)
 where d.endpoint_id = s.endpoint_id and d.position = s.position and d.state = 'pending'"""

# The number of an endpoint's pending deliveries up to a limit, by deliveries_pending.
PENDING: Final = """
select count(*) from (select from webhooks.deliveries where endpoint_id = $1 and state = 'pending' limit $2) p"""

# ---- Upkeep

# Have deliveries signalled again whose order's first pending one, by deliveries_pending, was signalled long ago and is
# long due without an attempt.
WAKE_FORGOTTEN: Final = """
update webhooks.deliveries d set signalled_at = null
  from (select distinct on (p.endpoint_id, p.order_id) p.endpoint_id, p.order_id, p.signalled_at, p.next_attempt_at, p.since
          from webhooks.deliveries p join webhooks.endpoints e on e.id = p.endpoint_id and e.enabled
         where p.state = 'pending' order by p.endpoint_id, p.order_id, p.position) f
 where d.endpoint_id = f.endpoint_id and d.order_id = f.order_id and d.state = 'pending'
   and f.signalled_at < clock_timestamp() - $1::interval
   and coalesce(f.next_attempt_at, f.since) < clock_timestamp() - $2::interval"""

# Delete a batch of old delivered deliveries, by deliveries_ended.
PRUNE: Final = """
delete from webhooks.deliveries where ctid = any (array(
    select ctid from webhooks.deliveries
     where state = 'delivered' and ended_at < clock_timestamp() - $1::interval order by ended_at limit $2))"""
# Pending deliveries by endpoint, by the index deliveries_pending. Deliveries to a disabled endpoint have no age. Every endpoint
# has a row.
PENDING_BY_ENDPOINT: Final = """
select e.id, count(d.endpoint_id),
       coalesce(extract(epoch from clock_timestamp() - min(d.since) filter (where e.enabled))::float, 0)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'pending' group by e.id"""
# Parked deliveries by endpoint, by the index deliveries_by_state.
PARKED_BY_ENDPOINT: Final = """
select e.id, count(d.endpoint_id)
  from webhooks.endpoints e left join webhooks.deliveries d on d.endpoint_id = e.id and d.state = 'parked' group by e.id"""
