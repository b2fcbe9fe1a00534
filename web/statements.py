"""The API's SQL, and the index that each statement uses."""

from typing import Final

# Claim a key, by the primary key. Concurrent requests wait on the row lock; the first claims the key, or any request once
# it is expired or its owner is gone.
CLAIM: Final = """
insert into web.idempotency_keys as k (scope, key, fingerprint, owner, locked_until)
values ($1, $2, $3, $4, clock_timestamp() + $5)
    on conflict (scope, key) do update
   set fingerprint = excluded.fingerprint, owner = excluded.owner, locked_until = excluded.locked_until,
       status = null, headers = null, body = null, created_at = clock_timestamp()
 where k.created_at < clock_timestamp() - $6::interval
    or (k.status is null and k.locked_until < clock_timestamp() and k.fingerprint = excluded.fingerprint)
returning true"""

# The stored response of a key, by the primary key.
READ: Final = "select fingerprint, status, headers, body from web.idempotency_keys where scope = $1 and key = $2"

# Store a response, by the primary key, only while its request still owns the key.
STORE: Final = """
update web.idempotency_keys set status = $4, headers = $5, body = $6 where scope = $1 and key = $2 and owner = $3"""

# Release a key whose request changed nothing, by the primary key.
RELEASE: Final = "delete from web.idempotency_keys where scope = $1 and key = $2 and owner = $3"

# Let the next request claim a key whose outcome is unknown, by the primary key.
UNLOCK: Final = """
update web.idempotency_keys set locked_until = clock_timestamp() where scope = $1 and key = $2 and owner = $3"""

# Delete a batch of expired keys, by idempotency_keys_by_age.
PRUNE: Final = """
delete from web.idempotency_keys where (scope, key) in (
    select scope, key from web.idempotency_keys where created_at < clock_timestamp() - $1::interval
     order by created_at limit $2 for update skip locked)"""
