"""For supervisors and load balancers: does the process live, can it serve. Nobody has to say who they are."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from application.migrations import missing_migrations
from web.problems import Problem
from web.system import system_of

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str


@router.get("/healthz", response_model=Health)
async def live() -> dict[str, str]:
    """The process lives."""
    return {"status": "ok"}


@router.get("/readyz", response_model=Health, responses={503: {"description": "The database is away, or not migrated"}})
async def ready(request: Request) -> dict[str, str]:
    """The database answers and is migrated."""
    missing = await missing_migrations(system_of(request).app)
    if missing is None or missing:
        which = ", ".join(missing or ["which ones cannot be seen"])
        raise Problem(503, "not-migrated", f"migrations are missing: {which}", headers={"Retry-After": "5"})
    return {"status": "ok"}
