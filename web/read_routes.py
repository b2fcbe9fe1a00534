"""GET: orders, their timelines, customers and stock."""

import asyncio
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter, Response
from temporalio.service import RPCError

from application.cursors import decode_cursor, encode_cursor
from application.documents import OrderDocument
from application.documents import Timeline as TimelineDocument
from application.order_cursors import cursor_text
from application.paying import payment_of
from application.timeline import Timeline, refund_workflows, timeline_document
from application.wire import camel_case
from application.workflows import WorkflowView, order_workflows
from order_streams import load_events, load_order
from orders.ids import order_id_problem, sku_problem
from projections.customer_orders import CUSTOMER_ORDERS
from projections.order_dashboard import ORDER_DASHBOARD
from temporal import reachable
from web import models
from web.keys import Role
from web.order_filter import WantedOrders, place_in
from web.parameters import After, CustomerId, Limit, OrderId, Wait, bad_cursor, caught_up
from web.preconditions import NOT_MODIFIED, REVALIDATED, KnownVersions, etag, is_known
from web.problems import NotFound
from web.route import ApiRoute, requires
from web.system import Asking, Shared, System

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["orders"])
_WORKFLOWS_SECONDS: Final = 10.0


@router.get("/orders", response_model=models.Orders)
@requires(Role.READ)
async def list_orders(
    system: Shared, wanted: WantedOrders, limit: Limit = 50, after: After = None, wait: Wait = None
) -> dict[str, Any]:
    """Orders, the last entered first; with placedFrom or placedTo by `placedAt`, the latest first. An import may give any
    earlier time as `placedAt`."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    page = await system.queries.list_orders(wanted, after=place_in(wanted, after), limit=limit)
    return {"orders": [camel_case(asdict(row)) for row in page.rows], "after": cursor_text(page.after)}


@router.get("/orders/{orderId}", response_model=OrderDocument, responses=NOT_MODIFIED)
@requires(Role.READ)
async def get_order(
    system: Shared, response: Response, order_id: OrderId, known: KnownVersions = None, wait: Wait = None
) -> OrderDocument | Response:
    """One order, from its stream and so always current. Its version is the ETag, too."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    loaded = await load_order(system.orders, order_id)
    headers = {"ETag": etag(loaded.version), "Cache-Control": REVALIDATED}
    if is_known(known, loaded.version):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return OrderDocument.of(loaded.state, loaded.version)


@router.get("/orders/{orderId}/payment", response_model=models.OrderPayment)
@requires(Role.READ)
async def get_payment(system: Shared, caller: Asking, response: Response, order_id: OrderId) -> dict[str, Any]:
    """The payment of an order. Where the order waits for it: the last decline, the deadline, and, read from the provider at
    each request, what the customer can do there. The customer's secret is shown to keys that may place orders."""
    found = await payment_of(system.orders, system.payments, order_id)
    response.headers["ETag"] = etag(found.version)
    failure, action = found.failure, found.action
    secrets = caller.role >= Role.WRITE
    return {
        "orderId": order_id,
        "status": found.state.status,
        "paymentState": found.state.payment_state,
        "version": found.version,
        "waits": failure is not None,
        **(camel_case(asdict(failure)) if failure else {}),
        "providerStatus": action.status if action else None,
        "clientSecret": action.client_secret if action and secrets else None,
        "nextAction": action.next_action if action and secrets else None,
    }


@router.get("/orders/{orderId}/timeline", response_model=TimelineDocument)
@requires(Role.READ)
async def get_timeline(system: Shared, response: Response, order_id: OrderId, wait: Wait = None) -> TimelineDocument:
    """Events of the order, each with its actor and cause, the order's workflows, and its restocks."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    events = await load_events(system.orders, order_id)
    response.headers["ETag"] = etag(events[-1][0].version)
    workflows = await _workflows(system, order_id, refund_workflows(events))
    restocks = await system.adjustments.of_order(order_id)
    return timeline_document(Timeline(order_id, events, workflows, restocks))


async def _workflows(system: System, order_id: str, refunds: list[str]) -> list[WorkflowView] | None:
    """Return None where Temporal does not respond: the events are complete without it."""
    try:
        async with asyncio.timeout(_WORKFLOWS_SECONDS):
            client = await reachable(system.client)
            return await order_workflows(client, system.settings, order_id, refunds) if client else None
    except (RPCError, TimeoutError):
        return None


@router.get("/customers", response_model=models.Customers, tags=["customers"])
@requires(Role.READ)
async def list_customers(system: Shared, limit: Limit = 50, after: After = None, wait: Wait = None) -> dict[str, Any]:
    """Customers by id, a row for each currency they ordered in."""
    cursor = _customer_and_currency(after)
    await caught_up(system, CUSTOMER_ORDERS, wait)
    page = await system.queries.customers(limit=limit, after=cursor)
    return {
        "customers": [camel_case(asdict(row)) for row in page.rows],
        "after": encode_cursor(*page.after) if page.after else None,
    }


@router.get("/customers/{customerId}", response_model=models.Customers, tags=["customers"])
@requires(Role.READ)
async def get_customer(system: Shared, customer_id: CustomerId, wait: Wait = None) -> dict[str, Any]:
    """One customer, a row for each currency."""
    await caught_up(system, CUSTOMER_ORDERS, wait)
    rows = await system.queries.customer(customer_id)
    if not rows:
        raise NotFound(f"there is no order of customer {customer_id}")
    return {"customers": [camel_case(asdict(row)) for row in rows], "after": None}


@router.get("/inventory", response_model=models.Inventory, tags=["inventory"])
@requires(Role.READ)
async def list_inventory(system: Shared, limit: Limit = 50, after: After = None) -> dict[str, Any]:
    """Stock levels by SKU."""
    levels = await system.stock.list(_sku(after), limit + 1)
    following = encode_cursor(levels[limit - 1].sku) if len(levels) > limit else None
    return {"levels": [camel_case(asdict(level)) for level in levels[:limit]], "after": following}


def _customer_and_currency(after: str | None) -> tuple[str, str] | None:
    if after is None:
        return None
    customer, currency = _parts(after, 2)
    if order_id_problem(customer) or not (currency.isascii() and currency.isalpha()):
        raise bad_cursor()
    return customer, currency


def _sku(after: str | None) -> str | None:
    if after is None:
        return None
    [sku] = _parts(after, 1)
    if sku_problem(sku):
        raise bad_cursor()
    return sku


def _parts(after: str, size: int) -> list[str]:
    try:
        return decode_cursor(after, size)
    except ValueError:
        raise bad_cursor() from None
