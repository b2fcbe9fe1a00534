"""GET: exports, streamed a page at a time, so that a list of any length takes little memory."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from application.order_export import MEDIA_TYPES, Format, exported
from projections.order_dashboard import ORDER_DASHBOARD
from web.keys import Role
from web.order_filter import WantedOrders
from web.parameters import Wait, caught_up
from web.route import ApiRoute, requires
from web.system import Shared

router = APIRouter(prefix="/v1/exports", route_class=ApiRoute, tags=["orders"])
ExportFormat = Annotated[Format, Query(description="csv: a header and a line for each order; jsonl: JSON Lines")]
_CONTENT: Final = {media_type: {"schema": {"type": "string"}} for media_type in MEDIA_TYPES.values()}


@router.get(
    "/orders",
    response_class=StreamingResponse,
    responses={200: {"description": "The orders, streamed", "content": _CONTENT}},
)
@requires(Role.READ)
async def export_orders(
    system: Shared,
    wanted: WantedOrders,
    format: ExportFormat = "csv",
    wait: Wait = None,
) -> StreamingResponse:
    """All orders that the filter of GET /v1/orders finds, in its order, as CSV or JSON Lines. A cell of CSV that a spreadsheet
    would run as a formula begins with an apostrophe."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    return StreamingResponse(
        exported(system.queries.pages(wanted), format),
        media_type=MEDIA_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="orders.{format}"'},
    )
