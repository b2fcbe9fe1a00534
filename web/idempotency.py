"""One effect and one response for each Idempotency-Key, under repeated and concurrent requests."""

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
from fastapi.responses import StreamingResponse

from application.outages import AWAY
from orders.names import request_name
from web import statements
from web.known_errors import problem_of
from web.problems import Problem, parameter_fault

KEPT: Final = timedelta(hours=24)
# Longer than a request may take (web.route.ANSWER_SECONDS): after it, the key's owner is gone.
LOCKED: Final = timedelta(seconds=30)
MAX_KEY: Final = 255
HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_REPEATED_HEADERS: Final = ("location", "etag")
PRUNED_AT_ONCE: Final = 1_000

_log = structlog.get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Claim:
    """A caller's key for one request. fingerprint: of the request's address and body."""

    scope: str
    key: str
    fingerprint: bytes
    owner: uuid.UUID

    @property
    def row(self) -> tuple[str, str]:
        return self.scope, self.key

    @property
    def command_id(self) -> str:
        """The id of the domain's command, which has one effect even where the response was never stored."""
        return request_name(self.scope, self.key, self.fingerprint.hex())


class Idempotency:
    """Keeps the responses in the database, so that any process can repeat them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def once(self, request: Request, scope: str, body: bytes, answer: Handler) -> Response:
        """Return the response to a request, or the stored one of an earlier request with its key.

        Sets `request.state.command_id`. Only successes are stored: a refusal changes nothing and frees the key; after an
        unknown outcome the repeated request finds it out.
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
        return await self._respond(claim, request, answer)

    async def prune(self) -> int:
        """Delete a batch of expired keys; return their number."""
        done = await self._pool.execute(statements.PRUNE, KEPT, PRUNED_AT_ONCE)
        return int(done.split()[-1])

    async def _claim(self, claim: _Claim) -> Response | None:
        """Claim the key and return None, or return the stored response. Raises the Problem of a key in other use."""
        while True:
            if await self._pool.fetchval(statements.CLAIM, *claim.row, claim.fingerprint, claim.owner, LOCKED, KEPT):
                return None
            found = await self._pool.fetchrow(statements.READ, *claim.row)
            if found is not None:  # else it was released between the two statements
                return _stored_response(found, claim)

    async def _respond(self, claim: _Claim, request: Request, answer: Handler) -> Response:
        try:
            response = await answer(request)
        except Exception as error:
            problem = problem_of(error)
            undone = problem is not None and problem.status < 500
            await self._update(statements.RELEASE if undone else statements.UNLOCK, *claim.row, claim.owner)
            raise
        if isinstance(response, StreamingResponse):
            # Its content is not known yet: a repeated request runs again, with the same command id.
            await self._update(statements.UNLOCK, *claim.row, claim.owner)
            return response
        headers = {name: response.headers[name] for name in _REPEATED_HEADERS if name in response.headers}
        stored = orjson.dumps(headers).decode(), _without_secret(bytes(response.body))
        await self._update(statements.STORE, *claim.row, claim.owner, response.status_code, *stored)
        return response

    async def _update(self, statement: str, *arguments: Any) -> None:
        """Update the key. Without the database the response still holds: a repeated request finds it out again."""
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
    """Return the body without its secret, which neither the table nor a repeated response may reveal."""
    if b'"secret"' not in body:
        return body
    document = orjson.loads(body)
    if isinstance(document, dict) and "secret" in document:
        return orjson.dumps(document | {"secret": None})
    return body


def _stored_response(found: asyncpg.Record, claim: _Claim) -> Response:
    if bytes(found["fingerprint"]) != claim.fingerprint:
        raise Problem(
            422,
            "idempotency-key-reused",
            f"this {HEADER} was used for a different request: send a new one",
            [{"parameter": HEADER, "detail": "was used for a different request"}],
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
