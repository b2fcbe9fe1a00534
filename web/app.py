"""The ASGI application of API and page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from starlette.responses import FileResponse
from starlette.routing import Match
from starlette.staticfiles import StaticFiles
from temporalio.client import Client

from application.readiness import Ready
from application.version import program_version
from bootstrap import App
from eventstore.errors import UnexpectedVersion
from eventstore.looper import Looper
from telemetry.requests import WITHOUT_ITS_OWN, RequestTelemetry
from web import (
    annotation_routes,
    bulk_routes,
    export_routes,
    figure_routes,
    gateway_routes,
    health_routes,
    inventory_routes,
    operation_routes,
    order_routes,
    read_routes,
    stream_routes,
    webhook_routes,
)
from web.accepting import Compressing
from web.bulk_actions import BulkActions
from web.front_door import FrontDoor
from web.idempotency import PRUNED_AT_ONCE, Idempotency
from web.keys import keyring
from web.known_errors import KNOWN, problem_of
from web.limits import Limits
from web.openapi import describe
from web.order_changed import order_changed
from web.problems import NotFound, Problem, problem_response
from web.rebuilds import Rebuilds
from web.refusals import Refusals
from web.request_rate import RequestRate
from web.streams import Streams
from web.system import System
from web.wrong_keys import WrongKeys

PAGE: Final = Path(__file__).parent / "page"
_COMPRESSION: Final = 4  # of 9: a page of orders takes a few milliseconds of the event loop
_PRUNE_SECONDS: Final = 600.0
_log = structlog.get_logger(__name__)
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Given to the application as they are: `include_router` would analyse each again, which takes the first requests of a process
# 0.13 s of the event loop, and match each request twice.
_ROUTES: Final = tuple(
    route
    for routes in (
        read_routes,
        export_routes,
        figure_routes,
        order_routes,
        annotation_routes,
        bulk_routes,
        operation_routes,
        inventory_routes,
        stream_routes,
        webhook_routes,
        gateway_routes,
        health_routes,
    )
    for route in routes.router.routes
)


def create_app(app: App, client: Client) -> FastAPI:
    """Build the ASGI application. client: connected, or lazy; without Temporal every request that needs none works.

    A request passes the front door, the limits, the routing and then its route (`web.route.ApiRoute`).
    Raises SettingsError where ORDERS_API_KEYS is invalid.
    """
    keys = keyring(app.settings)
    refusals = Refusals()
    system = System(
        settings=app.settings,
        client=client,
        sources=app.sources(client),
        orders=app.orders,
        stock=app.stock,
        adjustments=app.adjustments,
        queries=app.queries,
        endpoints=app.endpoints,
        deliveries=app.deliveries,
        payments=app.payments,
        stripe_events=app.stripe_events,
        keyring=keys,
        idempotency=Idempotency(app.pool),
        rebuilds=Rebuilds(app.store, app.codec),
        streams=Streams(app.orders, app.store, app.codec, app.queries),
        bulk_actions=BulkActions(),
        refusals=refusals,
        wrong_keys=WrongKeys(refusals),
        request_rate=RequestRate(None if keys.is_open else app.settings.api_requests_per_second, refusals),
        readiness=Ready(app.store),
    )
    api = FastAPI(
        title="Orders",
        version=program_version(),
        openapi_url="/v1/openapi.json",
        routes=list(_ROUTES),
        docs_url=None,  # it loads scripts from other sites
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        telemetry=WITHOUT_ITS_OWN,
        exception_handlers=dict.fromkeys(KNOWN, _handle_known),
    )
    api.state.system = system
    _add_page(api)
    describe(api)
    # The last middleware added runs first. Streams of events are not compressed.
    api.add_middleware(Compressing, minimum_size=1_000, compresslevel=_COMPRESSION)
    api.add_middleware(Limits, loopback_only=keys.is_open)
    api.add_middleware(RequestTelemetry)
    api.add_middleware(FrontDoor)
    return api


@asynccontextmanager
async def _lifespan(api: FastAPI) -> AsyncIterator[None]:
    """Background tasks beside the requests."""
    system: System = api.state.system
    async with asyncio.TaskGroup() as group:
        beside = [
            group.create_task(system.streams.run()),
            group.create_task(Looper(_log, partial(_prune, system), longest=_PRUNE_SECONDS).run()),
        ]
        try:
            yield
        finally:
            system.streams.stop()
            await system.bulk_actions.close()
            await system.rebuilds.close()
            for task in beside:
                task.cancel()


async def _prune(system: System) -> float:
    events = system.stripe_events
    while await system.idempotency.prune() == PRUNED_AT_ONCE:
        pass
    while events is not None and await events.prune():
        pass
    return _PRUNE_SECONDS


async def _handle_known(request: Request, error: Exception) -> Response:
    if isinstance(error, UnexpectedVersion):
        error = await order_changed(request.app.state.system.orders, error)
    problem = problem_of(error)
    if problem is None:
        raise error
    if problem.status == 405:
        return _method_not_allowed(request)
    return problem_response(problem)


def _method_not_allowed(request: Request) -> Response:
    """Return 405 with the allowed methods, or those alone for OPTIONS."""
    allowed = {method for method in _METHODS if _has_route(request, method)}
    headers = {"Allow": ", ".join(sorted(allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)
    return problem_response(
        Problem(405, "method-not-allowed", "this method is not allowed at this address", headers=headers)
    )


def _has_route(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)


def _add_page(api: FastAPI) -> None:
    """Serve the operators' page: public static files, which call /v1 with the key typed in by the operator."""

    async def index() -> Response:
        page = PAGE / "index.html"
        return FileResponse(page) if page.is_file() else problem_response(NotFound("there is no page"))

    api.add_api_route("/", index, methods=["GET"], include_in_schema=False, response_model=None)
    api.mount("/assets", StaticFiles(directory=PAGE, check_dir=False))
