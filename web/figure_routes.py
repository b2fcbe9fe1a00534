"""GET: figures by day, in any time zone."""

import re
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BeforeValidator

from application.figures import (
    MAX_DAYS,
    MAX_DAYS_OF_TIMES,
    BadPeriod,
    FiguresDocument,
    ShippingTimesDocument,
    figures_document,
    period_days,
    shipping_times_document,
)
from projections.daily_figures import DAILY_FIGURES
from projections.days import Day, zone_named
from projections.order_dashboard import ORDER_DASHBOARD
from web.keys import Role
from web.parameters import Wait, caught_up
from web.problems import FaultDocument, Problem
from web.route import ApiRoute, requires
from web.system import Shared

router = APIRouter(prefix="/v1", route_class=ApiRoute, tags=["figures"])
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _written_as_a_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("must be a day such as 2026-01-31")
    return value


def _existing(zone: str) -> str:
    zone_named(zone)
    return zone


_Day: Final = BeforeValidator(_written_as_a_day)
FirstDay = Annotated[
    date | None,
    _Day,
    Query(alias="from", description=f"the first day, by default `to`; at most {MAX_DAYS} days in all"),
]
LastDay = Annotated[date | None, _Day, Query(alias="to", description="the last day, by default today in the zone")]
Zone = Annotated[
    str,
    AfterValidator(_existing),
    Query(max_length=64, description="name of the days' time zone in the IANA database, such as Europe/Berlin"),
]


@router.get("/figures", response_model=FiguresDocument)
@requires(Role.READ)
async def get_figures(
    system: Shared, first: FirstDay = None, last: LastDay = None, zone: Zone = "UTC", wait: Wait = None
) -> FiguresDocument:
    """Occurrences by day and currency: orders placed, charged, shipped and cancelled, and money returned."""
    await caught_up(system, DAILY_FIGURES, wait)
    return await figures_document(system.queries, _days(first, last, zone, MAX_DAYS), zone)


@router.get("/figures/shipping-times", response_model=ShippingTimesDocument)
@requires(Role.READ)
async def get_shipping_times(
    system: Shared, first: FirstDay = None, last: LastDay = None, zone: Zone = "UTC", wait: Wait = None
) -> ShippingTimesDocument:
    """Time from placed to shipped, of the orders placed on each day; a period has at most 31 days."""
    await caught_up(system, ORDER_DASHBOARD, wait)
    return await shipping_times_document(system.queries, _days(first, last, zone, MAX_DAYS_OF_TIMES), zone)


def _days(first: date | None, last: date | None, zone: str, longest: int) -> list[Day]:
    """Return the days of the period. Raises Problem."""
    try:
        return period_days(first, last, zone, longest)
    except BadPeriod as error:
        fault: FaultDocument = {"parameter": error.fault, "detail": error.problem}
        raise Problem(422, "invalid-request", str(error), [fault]) from None
