"""One effect and one answer for each Idempotency-Key, however often and however simultaneously it is sent."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import asyncpg
import orjson
import structlog
from fastapi import Request, Response

from application.outages import AWAY
from orders.names import request_name
from web.known_errors import problem_of
from web.problems import Problem, parameter_fault

KEPT: Final = timedelta(hours=24)
# Longer than a request may take (web.route.ANSWER_SECONDS): past it, whoever had the key has gone.
LOCKED: Final = timedelta(seconds=30)
MAX_KEY: Final = 255
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_REPEATED_HEADERS: Final = ("location",)
PRUNED_AT_ONCE: Final = 1_000

# By the primary key, whose row lock makes twins wait: the first has it, and so does whoever comes when it is old or given up.
_CLAIM: Final = """
insert into web.idempotency_keys as k (scope, key, fingerprint, owner, locked_until)
values ($1, $2, $3, $4, clock_timestamp() + $5)
    on conflict (scope, key) do update
   set fingerprint = excluded.fingerprint, owner = excluded.owner, locked_until = excluded.locked_until,
       status = null, headers = null, body = null, created_at = clock_timestamp()
 where k.created_at < clock_timestamp() - $6::interval
    or (k.status is null and k.locked_until < clock_timestamp() and k.fingerprint = excluded.fingerprint)
returning true"""
# By the primary key.
_READ: Final = "select fingerprint, status, headers, body from web.idempotency_keys where scope = $1 and key = $2"
# By the primary key, and only by whoever still has it.
_STORE: Final = """
update web.idempotency_keys set status = $4, headers = $5, body = $6 where scope = $1 and key = $2 and owner = $3"""
_GIVE_UP: Final = "delete from web.idempotency_keys where scope = $1 and key = $2 and owner = $3"
_UNLOCK: Final = """
update web.idempotency_keys set locked_until = clock_timestamp() where scope = $1 and key = $2 and owner = $3"""
# By idempotency_keys_by_age.
_PRUNE: Final = """
delete from web.idempotency_keys where (scope, key) in (
    select scope, key from web.idempotency_keys where created_at < clock_timestamp() - $1::interval
     order by created_at limit $2 for update skip locked)"""
_log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A key as one caller uses it, for one request. fingerprint: of the request's address and body."""

    scope: str
    key: str
    fingerprint: bytes
    owner: uuid.UUID

    @property
    def row(self) -> tuple[str, str]:
        return self.scope, self.key

    @property
    def command_id(self) -> str:
        """The domain's own id: what this request does is done once, also where its answer was never stored."""
        return request_name(self.scope, self.key, self.fingerprint.hex())


class Idempotency:
    """Keeps the answers in the database, so that it does not matter which process is asked again."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def once(self, request: Request, scope: str, body: bytes, answer: Handler) -> Response:
        """The answer, or the one that was given before; without a key nothing is kept.

        Sets `request.state.command_id`. Only what was done is kept: a refusal changes nothing, so the key stays free;
        and where it is not known what was done, the same request finds it out.
        """
        key = _key(request)
        if key is None:
            request.state.command_id = str(uuid.uuid4())
            return await answer(request)
        claim = _Claim(scope, key, _fingerprint(request, body), uuid.uuid4())
        request.state.command_id = claim.command_id
        before = await self._claim(claim)
        if before is not None:
            return before
        return await self._kept(claim, request, answer)

    async def prune(self) -> int:
        """Forget a thousand of the keys that are a day old; how many there were."""
        done = await self._pool.execute(_PRUNE, KEPT, PRUNED_AT_ONCE)
        return int(done.split()[-1])

    async def _claim(self, claim: _Claim) -> Response | None:
        """None where the request is ours to answer. Raises the problems of a key that is in use otherwise."""
        while True:
            if await self._pool.fetchval(_CLAIM, *claim.row, claim.fingerprint, claim.owner, LOCKED, KEPT):
                return None
            found = await self._pool.fetchrow(_READ, *claim.row)
            if found is not None:  # else it was given up between the two statements
                return _answered(found, claim)

    async def _kept(self, claim: _Claim, request: Request, answer: Handler) -> Response:
        try:
            response = await answer(request)
        except Exception as error:
            problem = problem_of(error)
            undone = problem is not None and problem.status < 500
            await self._tell(_GIVE_UP if undone else _UNLOCK, *claim.row, claim.owner)
            raise
        headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
        stored = orjson.dumps(headers).decode(), _without_secret(bytes(response.body))
        await self._tell(_STORE, *claim.row, claim.owner, response.status_code, *stored)
        return response

    async def _tell(self, statement: str, *arguments: Any) -> None:
        """Where the database has gone meanwhile, the answer is true all the same: repeated, it is found again."""
        try:
            await self._pool.execute(statement, *arguments)
        except (asyncpg.PostgresError, *AWAY) as error:
            _log.warning("idempotency key not updated", error=type(error).__name__)


def _key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is not None and not (1 <= len(key) <= MAX_KEY and all("!" <= each <= "~" for each in key)):
        raise parameter_fault(HEADER, f"must be 1 to {MAX_KEY} visible ASCII characters")
    return key


def _fingerprint(request: Request, body: bytes) -> bytes:
    parts = (request.method.encode(), request.url.path.encode(), request.url.query.encode(), body)
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).digest()


def _without_secret(body: bytes) -> bytes:
    """The answer as it is kept: whoever reads the table, or sends the key again, does not learn a secret by it."""
    if b'"secret"' not in body:
        return body
    document = orjson.loads(body)
    if isinstance(document, dict) and "secret" in document:
        return orjson.dumps(document | {"secret": None})
    return body


def _answered(found: asyncpg.Record, claim: _Claim) -> Response:
    if bytes(found["fingerprint"]) != claim.fingerprint:
        raise Problem(
            422,
            "idempotency-key-reused",
            f"this {HEADER} has served another request: take a new one",
            [{"parameter": HEADER, "detail": "has served another request"}],
        )
    if found["status"] is None:
        raise Problem(
            409,
            "idempotency-key-in-use",
            "the first request with this key is still running",
            headers={"Retry-After": "1"},
        )
    headers = {**orjson.loads(found["headers"]), REPLAYED: "true"}
    return Response(bytes(found["body"]), found["status"], headers, media_type="application/json")
