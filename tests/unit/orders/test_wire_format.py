"""Stored events stay readable: names on the wire, tolerance of additions, errors that can be pickled."""

import pickle

import pytest
from pydantic import ValidationError

from orders.errors import (
    CorruptStream,
    Fault,
    IllegalTransition,
    InvalidCommand,
    InvalidOrder,
    OrderAlreadyExists,
    OrderAlreadyRefunded,
    OrderError,
    OrderNotCancellable,
    OrderNotFound,
    OrderOnHold,
    PaymentMismatch,
    RefundNotOpen,
    RefundOutOfRange,
    TooManyAnnotations,
    TooManyTags,
    WrongOrder,
)
from orders.events import EVENTS, Event, OrderPlaced, OrderRefunded
from orders.ids import order_id_problem, stream_name
from orders.money import Money
from tests.unit.orders.samples import ON_THE_WIRE, ORDER, PLACED, REFUNDED

SAMPLES = [event for event, _ in ON_THE_WIRE]
EURO = Money(1, "EUR")
REFUSALS: tuple[OrderError, ...] = (
    InvalidOrder((Fault("total", "is required"), Fault("items", "is required"))),
    InvalidCommand("o-1", (Fault("reason", "must not be empty"),)),
    OrderNotFound("o-1"),
    OrderAlreadyExists("o-1", ("items",)),
    WrongOrder("o-1", "o-2"),
    IllegalTransition("o-1", "ConfirmOrder", "cancelled"),
    OrderNotCancellable("o-1", "shipped"),
    PaymentMismatch("o-1", EURO, EURO),
    RefundOutOfRange("o-1", EURO, EURO),
    OrderOnHold("o-1", "fraud suspected"),
    TooManyAnnotations("o-1", 1_000),
    TooManyTags("o-1", 20),
    OrderAlreadyRefunded("o-1", "ref-1", "ref-2"),
    RefundNotOpen("o-1", "ref-1", "it was made"),
    CorruptStream("o-1", "placed", "order.paid"),
)


def test_the_samples_are_all_the_events_there_are() -> None:
    assert tuple(type(event) for event in SAMPLES) == EVENTS


@pytest.mark.parametrize(("event", "wire"), ON_THE_WIRE, ids=[event.event_type for event in SAMPLES])
def test_an_event_is_camel_case_on_the_wire(event: Event, wire: str) -> None:
    assert f"{event.event_type}: {' '.join(event.model_dump(mode='json'))}" == wire
    assert event.schema_version == 1


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.event_type)
def test_an_event_with_fields_of_a_later_version_still_reads(event: Event) -> None:
    data = event.model_dump(mode="json") | {"addedLater": 1}
    assert type(event).model_validate(data) == event


def test_an_order_with_a_currency_that_was_withdrawn_since_still_reads() -> None:
    old = PLACED.model_dump(mode="json") | {"currency": "DEM"}
    assert OrderPlaced.model_validate(old).order.currency == "DEM"


def test_an_order_from_before_there_were_payment_methods_still_reads() -> None:
    old = {name: value for name, value in PLACED.model_dump(mode="json").items() if name != "paymentMethod"}
    assert OrderPlaced.model_validate(old) == PLACED


def test_an_order_from_before_there_was_metadata_still_reads() -> None:
    old = {name: value for name, value in PLACED.model_dump(mode="json").items() if name != "metadata"}
    assert OrderPlaced.model_validate(old) == PLACED


def test_a_refund_from_before_there_were_any_after_shipment_still_reads() -> None:
    old = {name: value for name, value in REFUNDED.model_dump(mode="json").items() if name != "afterShipment"}
    assert OrderRefunded.model_validate(old) == REFUNDED


def test_the_placed_event_holds_the_whole_order() -> None:
    stored = OrderPlaced.model_validate_json(PLACED.model_dump_json())
    assert stored == PLACED
    assert stored.order == ORDER


def test_the_stream_of_an_order_carries_its_id() -> None:
    assert stream_name("o-1") == "order-o-1"
    assert order_id_problem("o-1") is None
    assert order_id_problem("o/1") == 'must not contain "/"'


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_a_refusal_is_one_sentence_and_survives_pickling(refusal: OrderError) -> None:
    assert "\n" not in str(refusal)
    copy = pickle.loads(pickle.dumps(refusal))
    assert (str(copy), vars(copy)) == (str(refusal), vars(refusal))


def test_an_id_with_a_fault_is_refused_each_time_and_kept_nowhere() -> None:
    data = REFUNDED.model_dump(mode="json", by_alias=True)
    for faulty in ("a/b", "a b", "x" * 129, "") * 2:
        with pytest.raises(ValidationError):
            OrderRefunded.model_validate(data | {"customerId": faulty})
        assert OrderRefunded.model_validate(data) == REFUNDED
