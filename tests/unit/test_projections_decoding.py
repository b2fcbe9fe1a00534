"""One pass decodes a page for several projections: each gets its own events and its own parked ones."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from eventstore.model import RecordedEvent
from projections.customer_orders import CUSTOMER_ORDERS
from projections.fold import Addressed, decode
from projections.order_dashboard import ORDER_DASHBOARD
from tests.unit.orders.samples import HELD, PAID, PLACED
from tests.unit.projection_samples import CODEC, at, log_of


def text_of(position: int, event_type: str) -> RecordedEvent:
    return RecordedEvent(position, "order-o-9", 1, UUID(int=position), event_type, 1, "{}", "{}", at(position))


def positions(addressed: Addressed) -> tuple[list[int], list[int]]:
    return [each.position for _, _, each in addressed.events], [each.position for each in addressed.parked]


def test_each_projection_gets_the_events_of_its_types_and_parks_those_that_do_not_decode() -> None:
    log = [*log_of(PLACED, HELD, PAID), text_of(4, "order.held"), text_of(5, "order.paid"), text_of(6, "order.lost")]
    taken = decode(CODEC, [ORDER_DASHBOARD, CUSTOMER_ORDERS], log)
    assert positions(taken["order-dashboard"]) == ([1, 2, 3], [4, 5, 6])
    assert positions(taken["customer-orders"]) == ([1, 3], [5, 6])


def test_an_event_whose_rows_cannot_be_found_is_parked_by_that_projection_alone() -> None:
    def keys(event: Any, recorded: RecordedEvent) -> Any:
        return ((event.customer_id, 1 // (recorded.position - 2)),)

    faulty = replace(CUSTOMER_ORDERS, keys=keys)
    taken = decode(CODEC, [ORDER_DASHBOARD, faulty], log_of(PLACED, PAID, PAID))
    assert positions(taken["order-dashboard"]) == ([1, 2, 3], [])
    assert positions(taken["customer-orders"]) == ([1, 3], [2])
    assert taken["customer-orders"].parked[0].reason.startswith("ZeroDivisionError: ")
