"""`orders reconcile`: finds without webhooks what was changed at Stripe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from activities.reconciling import Outcome
from embedded.temporal import TemporalServer
from gateways.errors import GatewayUnavailable
from orders.names import charge_key
from tests.gateways.local_stripe import API_KEY
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.audit_harness import TOTAL, Books, opened_books
from tests.integration.cli_harness import shell_for

SINCE = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
async def books(database_url: str, pool: asyncpg.Pool, stripe_server: StripeProxy) -> AsyncIterator[Books]:
    given = {"stripe_api_key": API_KEY, "stripe_api_base": stripe_server.address, "stripe_capture": "with-label"}
    async with opened_books(database_url, pool, **given) as opened:
        yield opened


async def intent_of(books: Books, order_id: str) -> str:
    charge = await books.app.payments.find(charge_key(order_id))
    assert charge is not None
    return charge.payment_id


async def captured(books: Books, order_id: str) -> str:
    await books.paid(order_id)
    await books.app.payments.capture(charge_key(order_id))
    return await intent_of(books, order_id)


async def reconciled(books: Books) -> dict[str, list[str]]:
    """Recorded changes of each compared order."""
    outcomes: list[Outcome] = [each async for each in books.app.reconciling().since(SINCE)]
    return {each.order_id: [one.action for one in each.recorded] for each in outcomes}


async def test_changes_at_stripe_are_found_among_many_payments_and_the_rest_is_not_read(
    books: Books, stripe_server: StripeProxy
) -> None:
    at = stripe_server.dashboard
    for number in range(5):
        await captured(books, f"untouched-{number}")
    await at.refund(await captured(books, "refunded"), 700)
    at.dispute(await captured(books, "disputed"), TOTAL)
    await books.paid("released")
    await at.cancel(await intent_of(books, "released"))
    await books.paid("captured")
    await at.capture(await intent_of(books, "captured"), 100)
    await books.paid("waits")
    expected = {"refunded": ["refunded"], "disputed": ["disputed"], "released": ["released"], "captured": ["captured"]}
    stripe_server.calls.clear()
    assert await reconciled(books) == expected | {"waits": []}
    assert len(stripe_server.called("GET /v1/payment_intents/")) == 5
    assert await reconciled(books) == {"disputed": [], "waits": []}
    at.dispute(await intent_of(books, "disputed"), TOTAL, "lost")
    assert await reconciled(books) == {"disputed": ["dispute_lost"], "waits": []}


async def test_a_refund_by_hand_that_waited_for_a_request_is_recorded_once_that_is_closed(
    books: Books, stripe_server: StripeProxy
) -> None:
    await books.shipped("o-1")
    await books.app.payments.capture(charge_key("o-1"))
    await books.ask_back("o-1", "back-1", 400)
    await stripe_server.dashboard.refund(await intent_of(books, "o-1"), 700)
    assert await reconciled(books) == {"o-1": []}
    await books.record_refund(await books.give_part_back("o-1", "back-1", 400))
    assert await reconciled(books) == {"o-1": ["refunded"]}
    assert await reconciled(books) == {}


async def test_an_order_that_cannot_be_compared_stops_no_other(books: Books, stripe_server: StripeProxy) -> None:
    await books.charge("ghost")
    await stripe_server.dashboard.cancel(await intent_of(books, "ghost"))
    await books.paid("o-1")
    await stripe_server.dashboard.cancel(await intent_of(books, "o-1"))
    outcomes = {each.order_id: each async for each in books.app.reconciling().since(SINCE)}
    assert outcomes["ghost"].problem == "there is no order ghost"
    assert [each.action for each in outcomes["o-1"].recorded] == ["released"]


async def test_a_stripe_that_does_not_answer_ends_the_reconciliation(books: Books, stripe_server: StripeProxy) -> None:
    await books.paid("o-1")
    stripe_server.fail("GET /v1/payment_intents", "status", status=500)
    with pytest.raises(GatewayUnavailable):
        await reconciled(books)


async def test_the_command_names_what_it_recorded(
    books: Books, stripe_server: StripeProxy, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    await stripe_server.dashboard.refund(await captured(books, "o-1"), 700)
    await captured(books, "o-2")
    shell = shell_for(tmp_path, books.app.settings.app_database_url, temporal_server)
    environment = {"ORDERS_STRIPE_API_KEY": API_KEY, "ORDERS_STRIPE_API_BASE": stripe_server.address}
    stripe = replace(shell, environment=shell.environment | environment)
    found = await stripe.orders("reconcile", "--json")
    assert (found.code, found.err, found.document["failed"]) == (0, "", 0)
    [order] = found.document["orders"]
    [recorded] = order["recorded"]
    assert (order["orderId"], recorded["action"], recorded["returned"]) == ("o-1", "refunded", 700)
    assert "release the order to ship it as it is" in order["onHold"]
    one = await stripe.orders("reconcile", "o-2", "nobody")
    assert one.code == 1
    assert "nobody: there is no order nobody" in one.out
    assert "2 orders compared, 0 changes recorded." in one.out
    simulated = await shell.orders("reconcile")
    assert simulated.code == 1
    assert "ORDERS_STRIPE_API_KEY is not set" in simulated.err
