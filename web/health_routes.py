"""GET: liveness and readiness, for supervisors and load balancers, without a key."""

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel

from application.migrations import missing_migrations
from web.problems import MEDIA_TYPE, Problem
from web.route import by_name
from web.system import system_of

router = APIRouter(tags=["health"], generate_unique_id_function=by_name)
_WITHOUT_KEY: Final[dict[str, Any]] = {"security": []}
_PROBLEM: Final = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
_FOREIGN: Final[dict[int | str, dict[str, Any]]] = {
    403: {"description": "Without API keys: the request names another host than this machine", "content": _PROBLEM}
}


class Health(BaseModel):
    status: str


class Prepared(Health):
    warnings: tuple[str, ...] = ()


@router.get("/healthz", response_model=Health, responses=_FOREIGN, openapi_extra=_WITHOUT_KEY)
async def live() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=Prepared,
    responses={**_FOREIGN, 503: {"description": "The database rejects writes", "content": _PROBLEM}},
    openapi_extra=_WITHOUT_KEY,
)
async def ready(request: Request) -> dict[str, object]:
    """The database responds, is migrated and accepts writes. warnings: stalled readers of the log."""
    system = system_of(request)
    missing = await missing_migrations(system.sources.pool)
    if missing is None or missing:
        which = ", ".join(missing or ["which ones is unknown"])
        raise Problem(503, "not-migrated", f"migrations are missing: {which}", headers={"Retry-After": "5"})
    found = await system.readiness.current()
    if found.problems:
        raise Problem(503, "not-ready", "; ".join(found.problems), headers={"Retry-After": "5"})
    return {"status": "ok", "warnings": found.warnings}
