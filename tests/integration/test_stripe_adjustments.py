"""Refunds, captures, releases and disputes at Stripe enter the order's stream, and the audit counts them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

import asyncpg
import pytest

from activities.adjusting import Adjusting
from audit.report import MONEY
from gateways.payments import RefundRequest
from orders.adjustments import returned_by
from orders.commands import CloseRefund, RecordRefund
from orders.interventions import ReleaseOrder
from orders.names import charge_key
from orders.payment_events import RefundOutcome
from orders.state import Cancelled, ExistingOrder, Shipped
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_dashboard import Dashboard
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.audit_harness import TOTAL, Books, opened_books

ORDER = "o-1"
Act: TypeAlias = Callable[[Dashboard, str], Awaitable[object]]


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool, stripe_server: StripeProxy) -> AsyncIterator[Books]:
    """Charges are authorised first, and captured by `capture`."""
    async with opened_books(
        database_url,
        pool,
        stripe_api_key=API_KEY,
        stripe_api_base=stripe_server.address,
        stripe_capture="with-label",
    ) as opened:
        yield opened


async def intent_of(books: Books) -> str:
    charge = await books.app.payments.find(charge_key(ORDER))
    assert charge is not None
    return charge.payment_id


async def capture(books: Books) -> None:
    await books.app.payments.capture(charge_key(ORDER))


async def adjust(books: Books) -> tuple[ExistingOrder, list[str]]:
    state, recorded = await Adjusting(books.app.orders, books.app.payments).adjust(ORDER)
    return state, [each.action for each in recorded]


async def refund(at: Dashboard, intent: str) -> None:
    await at.refund(intent, 700)


async def refund_all(at: Dashboard, intent: str) -> None:
    await at.refund(intent, TOTAL)


async def refund_twice(at: Dashboard, intent: str) -> None:
    await at.refund(intent, 700)
    await at.refund(intent, 300)


async def lose(at: Dashboard, intent: str) -> None:
    at.dispute(intent, TOTAL, "lost")


async def capture_part(at: Dashboard, intent: str) -> None:
    await at.capture(intent, 2100)


async def release(at: Dashboard, intent: str) -> None:
    await at.cancel(intent)


CAPTURED: dict[str, tuple[Act, list[str], int]] = {
    "a part refunded": (refund, ["refunded"], 700),
    "all of it refunded": (refund_all, ["refunded"], TOTAL),
    "refunded twice": (refund_twice, ["refunded", "refunded"], 1000),
    "a dispute lost": (lose, ["dispute_lost"], TOTAL),
}
AUTHORISED: dict[str, tuple[Act, list[str], int]] = {
    "a part captured": (capture_part, ["captured"], 900),
    "released": (release, ["released"], TOTAL),
}


async def money_findings(books: Books) -> int:
    return [check for check, _ in await books.found()].count(MONEY)


async def assert_agrees(books: Books, returned: int) -> None:
    """The audit holds, and stream and ledger return the same."""
    [ledger] = await books.sources().ledger.books([ORDER])
    assert ledger.refunded == returned
    assert await money_findings(books) == 0


@pytest.mark.parametrize("case", [*CAPTURED, *AUTHORISED])
async def test_a_change_of_a_paid_order_is_a_finding_until_it_is_recorded_and_holds_the_order(
    case: str, books: Books, stripe_server: StripeProxy
) -> None:
    act, actions, returned = (CAPTURED | AUTHORISED)[case]
    await books.paid(ORDER)
    if case in CAPTURED:
        await capture(books)
    assert (await adjust(books))[1] == []
    await act(stripe_server.dashboard, await intent_of(books))
    await books.app.payments.changes(charge_key(ORDER), crediting=False)  # the ledger alone
    assert await money_findings(books) == 1
    state, recorded = await adjust(books)
    assert sorted(recorded) == actions
    assert returned_by(state.adjustments) == returned
    assert state.hold is not None
    assert "release the order to ship it as it is, or cancel it" in state.hold.reason
    await assert_agrees(books, returned)
    assert (await adjust(books))[1] == []


@pytest.mark.parametrize("case", [*CAPTURED, *AUTHORISED])
async def test_a_changed_order_that_is_cancelled_returns_the_rest_and_counts_no_money_twice(
    case: str, books: Books, stripe_server: StripeProxy
) -> None:
    act, _, _ = (CAPTURED | AUTHORISED)[case]
    await books.paid(ORDER)
    if case in CAPTURED:
        await capture(books)
    await act(stripe_server.dashboard, await intent_of(books))
    await adjust(books)
    await books.cancel(ORDER)
    voided = await books.app.payments.void(charge_key(ORDER), "cancelled")
    if voided.payment_id and voided.refund_id:
        record = RecordRefund(ORDER, voided.refund_id, voided.payment_id, voided.amount_returned, "cancelled")
        await books.record_refund(record)
    state, _ = await adjust(books)
    assert isinstance(state, Cancelled)
    assert state.payment_state == "refunded"
    await assert_agrees(books, TOTAL)


@pytest.mark.parametrize("case", [*CAPTURED, *AUTHORISED])
async def test_a_changed_order_that_a_person_releases_ships_as_it_is(
    case: str, books: Books, stripe_server: StripeProxy
) -> None:
    act, _, returned = (CAPTURED | AUTHORISED)[case]
    await books.paid(ORDER)
    if case in CAPTURED:
        await capture(books)
    await act(stripe_server.dashboard, await intent_of(books))
    await adjust(books)
    await books.handle(ORDER, ReleaseOrder(ORDER))
    await books.reserve(ORDER)
    await books.record_shipment(await books.buy_label(ORDER))
    await books.publish(ORDER)
    state, recorded = await adjust(books)
    assert isinstance(state, Shipped)
    assert (recorded, state.refundable) == ([], TOTAL - returned)
    await assert_agrees(books, returned)


@pytest.mark.parametrize("case", CAPTURED)
async def test_a_change_of_a_shipped_order_is_recorded_with_the_provider_as_actor(
    case: str, books: Books, stripe_server: StripeProxy
) -> None:
    act, actions, returned = CAPTURED[case]
    await books.shipped(ORDER)
    await capture(books)
    await act(stripe_server.dashboard, await intent_of(books))
    state, recorded = await adjust(books)
    assert sorted(recorded) == actions
    assert isinstance(state, Shipped)
    assert state.refundable == TOTAL - returned
    [*_, last] = [each async for each in books.app.store.stream(f"order-{ORDER}")]
    assert last.metadata["actor"] == "stripe"
    await assert_agrees(books, returned)


async def test_a_partly_captured_order_that_is_cancelled_before_anybody_looked_is_adjusted_by_its_refund(
    books: Books, stripe_server: StripeProxy
) -> None:
    await books.paid(ORDER)
    await stripe_server.dashboard.capture(await intent_of(books), 2100)
    await books.cancel(ORDER)
    await books.record_refund(await books.give_back(ORDER))
    assert (await adjust(books))[1] == ["captured"]
    await assert_agrees(books, TOTAL)


async def test_an_authorisation_that_ended_by_itself_is_no_change(books: Books, stripe_server: StripeProxy) -> None:
    await books.paid(ORDER)
    await stripe_server.dashboard.expire(await intent_of(books))
    assert (await adjust(books))[1] == []


async def test_a_refund_by_hand_while_a_request_is_open_is_recorded_once_in_the_request_or_beside_it(
    books: Books, stripe_server: StripeProxy
) -> None:
    await books.shipped(ORDER)
    await capture(books)
    await books.ask_back(ORDER, "back-1", 400)
    await stripe_server.dashboard.refund(await intent_of(books), 1000)
    assert (await adjust(books))[1] == [], "a request is in progress, towards which it may count"
    request = RefundRequest("r", await intent_of(books), 400, "EUR", "requested")
    assert (await books.app.payments.refund(request)).amount == 400
    await books.record_refund(RecordRefund(ORDER, "back-1", request.payment_id, 400, "it arrived late"))
    state, recorded = await adjust(books)
    by_hand = 1000 if await _was_requested_later(books) else 600
    assert (recorded, returned_by(state.adjustments)) == (["refunded"], by_hand)
    await assert_agrees(books, by_hand + 400)


async def _was_requested_later(books: Books) -> bool:
    """True where the ledger reserved the request a second after the refund by hand: it counts towards older requests alone."""
    return not await books.app.pool.fetchval("select by_hand from gateways.stripe_refunds where key = 'r'")


async def test_a_recorded_refund_by_hand_counts_towards_no_request(books: Books, stripe_server: StripeProxy) -> None:
    await books.shipped(ORDER)
    await capture(books)
    intent = await intent_of(books)
    await stripe_server.dashboard.refund(intent, 400)
    await adjust(books)
    request = RefundRequest("r", intent, 400, "EUR", "requested")
    await books.ask_back(ORDER, "back-1", 400)
    await books.app.payments.refund(request)
    await books.record_refund(RecordRefund(ORDER, "back-1", intent, 400, "it arrived late"))
    assert await stripe_server.given_back(intent) == 800
    await assert_agrees(books, 800)


async def test_a_refund_that_reaches_stripe_after_its_request_was_withdrawn_is_recorded_as_a_change(
    books: Books, stripe_server: StripeProxy
) -> None:
    await books.shipped(ORDER)
    await capture(books)
    await books.ask_back(ORDER, "back-1", 400)
    request = RefundRequest("r", await intent_of(books), 400, "EUR", "requested")
    await books.app.payments.close_refund(request)
    await books.handle(ORDER, CloseRefund(ORDER, "back-1", RefundOutcome.WITHDRAWN, "the parcel was found"))
    await stripe_server.dashboard.refund(request.payment_id, 400, key="r")
    state, recorded = await adjust(books)
    assert isinstance(state, Shipped)
    assert (recorded, state.refundable) == (["refunded"], TOTAL - 400)
    assert (await adjust(books))[1] == []
    await assert_agrees(books, 400)


async def test_a_dispute_is_recorded_through_its_course(books: Books, stripe_server: StripeProxy) -> None:
    await books.shipped(ORDER)
    await capture(books)
    intent, at = await intent_of(books), stripe_server.dashboard
    for status, actions, kept in (
        ("warning_needs_response", [], TOTAL),
        ("needs_response", ["disputed"], TOTAL),
        ("under_review", [], TOTAL),
        ("lost", ["dispute_lost"], 0),
        ("won", ["dispute_won"], TOTAL),
    ):
        at.dispute(intent, TOTAL, status)
        state, recorded = await adjust(books)
        assert (recorded, TOTAL - returned_by(state.adjustments)) == (actions, kept), status
        await assert_agrees(books, TOTAL - kept)
