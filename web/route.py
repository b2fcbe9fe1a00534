"""The route class of every operation under /v1."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, get_origin

import structlog
from fastapi import Request, Response, params
from fastapi.dependencies.utils import get_flat_params, request_params_to_args
from fastapi.routing import APIRoute

from orders.ids import order_id_problem
from web.accepting import HEADER as ACCEPT
from web.accepting import require_accepted
from web.idempotency import HEADER, MAX_KEY
from web.keys import Caller, Role, UnknownKey
from web.known_errors import fault_of
from web.limits import read_body
from web.models import ProblemDocument
from web.problems import MEDIA_TYPE, FaultDocument, Invalid
from web.system import System, system_of

# Less than an idempotency key is locked for (web.idempotency.LOCKED); more than a read may wait for a projection.
ANSWER_SECONDS: Final = 25.0
_BODY_METHODS: Final = {"POST", "PATCH", "PUT", "DELETE"}
E = TypeVar("E", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_ALWAYS: Final = (401, 403, 406, 422, 429, 500, 503)
_WORDS: Final = {
    401: "No API key, or an unknown one",
    403: "The key's role does not allow this",
    404: "Not found",
    406: "The client takes no response of this media type; see the header Accept",
    409: "The current state does not allow this, or the Idempotency-Key is in use",
    413: "The body is larger than 1 MiB",
    415: "The body is not application/json",
    422: "The request is not valid; see `errors`",
    429: "Too many wrong API keys from this address, too many requests, streams or bulk actions with one key; see Retry-After",
    500: "An internal error",
    503: "The database or Temporal does not respond; try again after Retry-After",
    504: "The projection did not reach the position in time",
}
_IDEMPOTENCY_KEY: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Requests with the same key and body have one effect; a repeated one gets the first response, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"},
}


def requires(role: Role) -> Callable[[E], E]:
    """Set the role that an endpoint requires of its caller; a route cannot be made without one."""

    def mark(endpoint: E) -> E:
        endpoint.required_role = role  # type: ignore[attr-defined]
        return endpoint

    return mark


def by_name(route: APIRoute) -> str:
    """Return the id of an operation: the name of its function, and so of the function in generated clients."""
    return route.name


class ApiRoute(APIRoute):
    """A route under /v1: `APIRouter(prefix="/v1", route_class=ApiRoute)`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.role: Role = endpoint.required_role  # type: ignore[attr-defined]
        methods = set(options.get("methods") or ())
        options["responses"] = {**_problems(path, methods), **(options.get("responses") or {})}
        options["openapi_extra"] = {**_extra(self.role, methods), **(options.get("openapi_extra") or {})}
        options["generate_unique_id_function"] = by_name
        self._media_type = _media_type(options)
        super().__init__(path, endpoint, **options)
        query = [each for each in get_flat_params(self.dependant) if isinstance(each.field_info, params.Query)]
        self._query = {field.alias: field for field in query}
        self._lists = {field.alias for field in query if get_origin(field.field_info.annotation) is tuple}

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def within_limit(request: Request) -> Response:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer(request)

        async def handle(request: Request) -> Response:
            """Handle a request in this order. Earlier checks: `web.app.create_app`. Errors: `web.known_errors`."""
            system = system_of(request)
            caller = _caller(system, request)  # 401, 429
            request.state.caller = caller
            caller.require(self.role)  # 403
            system.request_rate.admit(caller.name)  # 429
            bind_order(request.path_params.get("orderId"))
            if self._media_type:
                require_accepted(", ".join(request.headers.getlist(ACCEPT)), self._media_type)  # 406
            self._refuse_unknown_parameters(request)  # 422
            if request.method not in _BODY_METHODS:
                return await within_limit(request)
            body = await read_body(request)  # 408, 413, 415, 422
            if request.method != "POST":
                request.state.command_id = str(uuid.uuid4())
                return await within_limit(request)
            return await system.idempotency.once(request, caller.name, body, within_limit)  # 409, 422

        return handle

    def _refuse_unknown_parameters(self, request: Request) -> None:
        """Refuse unknown parameters and repeated single ones: a misspelt filter must not return everything. The faults of the
        other values are listed with them; alone, they are the framework's to find."""
        counts = Counter(name for name, _ in request.query_params.multi_items())
        faults = [(name, "is not a known parameter") for name in counts if name not in self._query]
        once = self._query.keys() - self._lists
        faults += [(name, "is given more than once") for name, n in counts.items() if n > 1 and name in once]
        if not faults:
            return
        named = {name for name, _ in faults}
        others = [field for name, field in self._query.items() if name not in named]
        _, errors = request_params_to_args(others, request.query_params)
        listed: list[FaultDocument] = [{"parameter": name[:100], "detail": detail} for name, detail in faults]
        raise Invalid("the query is not valid", listed + [fault_of(each) for each in errors])


def _media_type(options: dict[str, Any]) -> str | None:
    """Return the one media type of an operation's responses, None where it has none or several."""
    if options.get("status_code") == 204:
        return None
    given = options.get("response_class")
    return getattr(given, "media_type", None) if isinstance(given, type) else "application/json"


def _caller(system: System, request: Request) -> Caller:
    try:
        return system.keyring.caller(request.headers.get("authorization"))
    except UnknownKey as error:
        raise system.wrong_keys.refused(request.client.host if request.client else "", error) from None


def bind_order(order_id: str | None) -> None:
    """Add the order to the log lines of the request."""
    if order_id is not None and order_id_problem(order_id) is None:
        structlog.contextvars.bind_contextvars(order_id=order_id)


def _extra(role: Role, methods: set[str]) -> dict[str, Any]:
    return {
        "security": [{"apiKey": []}],
        "x-required-role": role.name.lower(),
        **({"parameters": [_IDEMPOTENCY_KEY]} if "POST" in methods else {}),
    }


def _problems(path: str, methods: set[str]) -> dict[int | str, dict[str, Any]]:
    statuses = [*_ALWAYS, *([404] if "{" in path else []), *([504] if "GET" in methods else [])]
    if methods & _BODY_METHODS:
        statuses += [409, 413, 415]
    schema = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}
    return {s: {"description": _WORDS[s], "content": {MEDIA_TYPE: {"schema": schema}}} for s in sorted(statuses)}
