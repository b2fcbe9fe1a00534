"""GET: the state of the system. POST: rebuild a projection."""

from dataclasses import asdict, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query

from application.attention import attention_document, place_of
from application.readers import readers
from application.version import program_version
from application.wire import camel_case
from open_work.attention_list import find_stuck, find_stuck_of
from open_work.kinds import Kind
from orders.money import largest_first
from projections.order_dashboard import ORDER_DASHBOARD
from settings import temporal_namespace
from temporal import reachable
from web import operation_models as models
from web.keys import Role
from web.parameters import After, Limit, Wait, bad_cursor, caught_up
from web.route import ApiRoute, requires
from web.system import Asking, Shared

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["operations"])
_SEARCH_SECONDS: Final = 8.0  # of two searches: less than a request may take
ProjectionName = Annotated[str, Path(max_length=64, description="the projection's name, as in GET /v1/projections")]
OfOrder = Annotated[
    str | None, Query(alias="orderId", min_length=1, max_length=128, description="only rows of this order")
]
KindFilter = Annotated[Kind | None, Query(description="only orders and events of this kind")]


@router.get("/config", response_model=models.Config)
@requires(Role.READ)
async def get_config(system: Shared, caller: Asking) -> dict[str, Any]:
    """The caller, and the address of Temporal's Web UI."""
    return {
        "version": program_version(),
        "actor": caller.actor,
        "role": caller.role.name.lower(),
        "temporalUiUrl": system.settings.temporal_ui_url,
        "namespace": temporal_namespace(),
    }


@router.get("/summary", response_model=models.Summary)
@requires(Role.READ)
async def get_summary(system: Shared, wait: Wait = None) -> dict[str, Any]:
    """Orders by status; revenue, the largest amount first."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    queries = system.queries
    return {
        "head": await system.sources.store.head(),
        "counts": await queries.counts_by_status(),
        "revenue": _money(largest_first(await queries.revenue())),
    }


def _money(amounts: dict[str, int]) -> list[dict[str, Any]]:
    return [{"currency": currency, "amount": amount} for currency, amount in amounts.items()]


@router.get("/attention", response_model=models.AttentionList)
@requires(Role.READ)
async def get_attention(
    system: Shared, kind: KindFilter = None, order_id: OfOrder = None, limit: Limit = 50, after: After = None
) -> dict[str, Any]:
    """Orders and events that need an operator, in the order of harm: money at risk, lost and stalled orders, failing steps,
    parked events, holds. Of one order: its failing steps, its stalled and lost workflows, and its hold."""
    try:
        place = place_of(after)
    except ValueError:
        raise bad_cursor() from None
    sources = replace(system.sources, client=await reachable(system.client))
    if order_id is None:
        found = await find_stuck(sources, system.settings, within=_SEARCH_SECONDS)
    else:
        found = await find_stuck_of(sources, system.settings, order_id, within=_SEARCH_SECONDS)
    return attention_document(found, found.page(limit, kind=kind, after=place))


@router.get("/projections", response_model=models.Readers)
@requires(Role.READ)
async def get_readers(system: Shared) -> dict[str, Any]:
    """Progress of each reader of the log: the dispatcher, the projections, the webhooks."""
    rebuilds = await system.rebuilds.states()
    found = await readers(system.sources.store)
    return {
        "head": await system.sources.store.head(),
        "readers": [
            each.as_json() | {"rebuild": camel_case(asdict(rebuilds[each.name])) if each.name in rebuilds else None}
            for each in found
        ],
    }


@router.post("/projections/{name}/rebuild", response_model=models.RebuildStarted, status_code=202)
@requires(Role.OPERATE)
async def rebuild_projection(system: Shared, name: ProjectionName) -> dict[str, Any]:
    """Rebuild a projection beside the live one; GET /v1/projections shows its progress."""
    await system.rebuilds.start(name)
    return {"name": name}
