"""Errors of activities in Temporal's history: definite or retried, and without rows, names or addresses."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.interceptors.failures import ActivityFailures, as_failure
from activities.payment_attempts import PaymentAwaited
from activities.signatures import PaymentFailure
from eventstore import errors as store_errors
from eventstore.errors import EventStoreError
from gateways import errors as gateway_errors
from gateways.errors import DefiniteRefusal, GatewayBusy, GatewayMisconfigured, GatewayUnavailable
from inventory.stock import InsufficientStock, ReservationConflict, ReservationError, ReservationReleased
from orders import errors as order_errors
from orders.errors import CorruptStream, Fault, OrderError
from orders.events import Shortage
from orders.money import Money

PERSONAL = "Key (name)=(Maria Anders, Obere Str. 57) already exists."
BENIGN, UNSPECIFIED = ApplicationErrorCategory.BENIGN, ApplicationErrorCategory.UNSPECIFIED
SHORT = (Shortage(sku="TEA-1", requested=2, available=1),)
EUR = Money(3000, "EUR")

FAILURE = PaymentFailure(attempt=2, code="x", reason="no funds", waits_until=datetime(2026, 1, 31, tzinfo=UTC))
AWAITED = PaymentAwaited(gateway_errors.PaymentDeclined("x", "no funds"), FAILURE)
DEFINITE: list[Exception] = [
    AWAITED,
    gateway_errors.ShippingUnavailable("Shipping unavailable"),
    gateway_errors.KeyVoided("o-1:charge-payment"),
    gateway_errors.IdempotencyConflict("o-1:charge-payment"),
    gateway_errors.RefundExceedsCharge("pay_1", 3000, 3000, 1),
    gateway_errors.RefundCurrencyMismatch("pay_1", "EUR", "USD"),
    gateway_errors.PaymentNotFound("pay_1"),
    gateway_errors.AmountNotSupported(1, "KWD", "Stripe has no such unit"),
    gateway_errors.AuthorisationExpired("o-1:charge-payment"),
    gateway_errors.RefundFailed("o-1:return-payment:r-1"),
    gateway_errors.RefundRefused("o-1:return-payment:r-1", "the payment is disputed"),
    gateway_errors.RefundUnderWay("o-1:return-payment:r-1", "it was made"),
    InsufficientStock(SHORT),
    ReservationReleased("o-1"),
    ReservationConflict("o-1"),
    order_errors.InvalidOrder((Fault("items", "must not be empty"),)),
    order_errors.InvalidCommand("o-1", (Fault("reason", "must not be empty"),)),
    order_errors.OrderNotFound("o-1"),
    order_errors.OrderAlreadyExists("o-1", ("total",)),
    order_errors.WrongOrder("o-1", "o-2"),
    order_errors.IllegalTransition("o-1", "RecordPayment", "cancelled"),
    order_errors.OrderNotCancellable("o-1", "shipped"),
    order_errors.PaymentMismatch("o-1", EUR, EUR),
    order_errors.RefundOutOfRange("o-1", EUR, EUR),
    order_errors.OrderAlreadyRefunded("o-1", "re_1", "re_2"),
    order_errors.RefundNotOpen("o-1", "r-1", "it was made"),
    order_errors.NoPaymentAwaited("o-1", "shipped"),
    order_errors.PaymentDisputed("o-1", "dp_1"),
    order_errors.TooManyTags("o-1", 20),
    order_errors.TooManyAnnotations("o-1", 1_000),
    order_errors.OrderOnHold("o-1", "Maria Anders is not to be trusted"),
]
RETRIED: list[Exception] = [
    GatewayUnavailable("simulated outage"),
    GatewayMisconfigured("the key is not taken"),
    gateway_errors.GatewayUndecided("the carrier offers no rate"),
    CorruptStream("o-1", "placed", "order.shipped"),
    store_errors.WrongExpectedVersion("order-o-1", 1, 2),
    store_errors.UnexpectedVersion("order-o-1", frozenset({1}), 2, None),
    store_errors.EventIdReused("order-o-1", (uuid4(),)),
    store_errors.InvalidEvent("data.name", "has a NUL"),
    store_errors.UnknownEventType("order.forgotten"),
    store_errors.UnknownSchemaVersion("order.placed", 2, 1),
    store_errors.UndecodableEvent("order.placed", 7, "items: Field required"),
    store_errors.CheckpointMoved("dispatcher", 7),
    store_errors.PooledByTransaction(),
    store_errors.SequenceBehindLog("order-1"),
]


def kinds_of(*bases: type[Exception]) -> set[type[Exception]]:
    """Every subclass of these errors at any depth, without pure base classes."""
    found: set[type[Exception]] = set()
    for base in bases:
        for kind in base.__subclasses__():
            found |= kinds_of(kind) or {kind}
    return found


def name_of(error: Exception) -> str:
    return type(error).__name__


def test_every_error_of_the_domain_the_store_and_the_gateways_is_decided_on_here() -> None:
    ours = kinds_of(DefiniteRefusal, ReservationError, OrderError, EventStoreError)
    ours |= {GatewayUnavailable, GatewayMisconfigured, gateway_errors.GatewayUndecided}
    assert {each for each in ours if each.__module__.split(".")[0] != "tests"} == {type(e) for e in DEFINITE + RETRIED}


@pytest.mark.parametrize("error", DEFINITE, ids=name_of)
def test_a_definite_refusal_is_not_retried_and_alarms_nobody(error: Exception) -> None:
    failure = as_failure(error)
    assert (failure.type, failure.non_retryable, failure.category) == (type(error).__name__, True, BENIGN)
    assert failure.message


def test_why_an_order_is_on_hold_stays_out_of_temporal() -> None:
    assert as_failure(order_errors.OrderOnHold("o-1", PERSONAL)).message == "order o-1 is on hold"


@pytest.mark.parametrize("error", RETRIED, ids=name_of)
def test_what_may_pass_is_retried_and_seen(error: Exception) -> None:
    failure = as_failure(error)
    assert (failure.type, failure.non_retryable, failure.category) == (type(error).__name__, False, UNSPECIFIED)
    assert failure.message == str(error)
    assert failure.next_retry_delay is None


def test_a_gateway_that_says_when_to_come_back_is_asked_again_then() -> None:
    assert as_failure(GatewayUnavailable("busy", retry_after=90)).next_retry_delay == timedelta(seconds=90)
    assert as_failure(GatewayUnavailable("busy", retry_after=0)).next_retry_delay == timedelta(0)


def test_a_shortage_tells_which_skus_are_short() -> None:
    failure = as_failure(InsufficientStock(SHORT))
    assert failure.message == "Items out of stock"
    assert list(failure.details) == [{"sku": "TEA-1", "requested": 2, "available": 1}]


def test_a_decline_after_which_the_order_waits_carries_its_deadline() -> None:
    failure = as_failure(AWAITED)
    assert failure.message == "Payment declined: no funds"
    assert [PaymentFailure.model_validate(each) for each in failure.details] == [FAILURE]


def test_a_decline_after_which_the_order_does_not_wait_is_definite_too() -> None:
    failure = as_failure(gateway_errors.PaymentDeclined("amount_above_limit", "the amount is above the limit"))
    assert (failure.type, failure.non_retryable, failure.details) == ("PaymentDeclined", True, ())


def test_a_declined_payment_says_so() -> None:
    assert as_failure(gateway_errors.PaymentDeclined("x", "no funds")).message == "Payment declined: no funds"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (asyncpg.UniqueViolationError(PERSONAL), "database error 23505"),
        (asyncpg.CannotConnectNowError(PERSONAL), "database error 57P03"),
        (asyncpg.InterfaceError(PERSONAL), "unexpected error, see the worker's log"),
        (ConnectionRefusedError(PERSONAL), "unexpected error, see the worker's log"),
        (TimeoutError(PERSONAL), "unexpected error, see the worker's log"),
        (ValueError(PERSONAL), "unexpected error, see the worker's log"),
        (KeyError(PERSONAL), "unexpected error, see the worker's log"),
    ],
    ids=lambda value: name_of(value) if isinstance(value, Exception) else "",
)
def test_the_text_of_a_foreign_error_stays_out_of_the_history(error: Exception, message: str) -> None:
    failure = as_failure(error)
    assert (failure.type, failure.message) == (type(error).__name__, message)
    assert (failure.non_retryable, failure.details) == (False, ())


class Raising(ActivityInboundInterceptor):
    """The end of a chain: an activity that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        raise self.error


async def execute(error: BaseException) -> Any:
    def nothing() -> None: ...

    chain = ActivityFailures().intercept_activity(Raising(error))
    function: Callable[..., Any] = nothing
    return await chain.execute_activity(ExecuteActivityInput(function, [], None, {}))


async def test_the_failure_does_not_drag_the_foreign_error_along_as_its_cause() -> None:
    with pytest.raises(ApplicationError) as raised:
        await execute(asyncpg.UniqueViolationError(PERSONAL))
    assert raised.value.__cause__ is None
    assert raised.value.cause is None
    assert raised.value.__suppress_context__


async def test_a_failure_that_an_activity_made_itself_is_left_as_it_is() -> None:
    made = ApplicationError("as meant", type="Meant", non_retryable=True)
    with pytest.raises(ApplicationError) as raised:
        await execute(made)
    assert raised.value is made


async def test_a_cancelled_activity_stays_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError):
        await execute(asyncio.CancelledError())


def test_a_rate_limit_waits_as_long_as_the_gateway_demands_and_is_no_failure() -> None:
    demanded = as_failure(GatewayBusy("the rate limit is exceeded", retry_after=17))
    assert (demanded.type, demanded.next_retry_delay) == ("GatewayBusy", timedelta(seconds=17))
    assert demanded.category is ApplicationErrorCategory.BENIGN
    delays = {as_failure(GatewayBusy("the rate limit is exceeded")).next_retry_delay for _ in range(10)}
    assert len(delays) > 1
    assert all(each and timedelta(seconds=1) <= each <= timedelta(seconds=4) for each in delays)
