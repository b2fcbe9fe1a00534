"""The stand-ins of Stripe and EasyPost that a soak serves over HTTP, and the comparison of streams with their books."""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import asyncpg
import pytest

from activities.shipping import label_key
from bootstrap import build_app
from chaos.provider_books import differences
from chaos.providers import Providers, running_providers
from gateways.errors import GatewayUnavailable
from gateways.shipping import LabelRequest
from orders.commands import RecordShipment
from settings import Settings
from tests.integration.audit_harness import RECIPIENT, Books

ORDER = "a-1"


@pytest.fixture
def providers() -> Iterator[Providers]:
    with running_providers(random.Random(1)) as running:
        yield running


@pytest.fixture
async def books(providers: Providers, pool: asyncpg.Pool, database_url: str) -> AsyncIterator[Books]:
    app = build_app(Settings(database_url=database_url, **providers.settings), pool)
    owner = await asyncpg.connect(database_url)
    try:
        yield Books(app, owner)
    finally:
        await owner.close()
        await app.close()


async def shipped(books: Books) -> None:
    await books.paid(ORDER)
    request = LabelRequest(label_key(ORDER), ORDER, 2, replace(RECIPIENT, name=ORDER))
    label = await books.app.shipping.create(request)
    await books.record_shipment(RecordShipment(ORDER, label.shipment_id, label.tracking_number, label.carrier))


async def different(books: Books, providers: Providers) -> list[str]:
    return await differences(books.app.pool, books.app.orders, providers, limit=0)


async def test_a_shipped_order_agrees_with_both_books_until_money_or_the_label_is_returned_without_an_event(
    books: Books, providers: Providers
) -> None:
    await shipped(books)
    assert await different(books, providers) == []
    await books.give_part_back(ORDER, "refund-1", 500)
    await books.app.shipping.void(label_key(ORDER), "by mistake")
    assert await different(books, providers) == [
        f"{ORDER} is shipped: Stripe has 2500 of its money, and by its stream 3000",
        f"{ORDER} is shipped: the carrier has 0 live labels",
    ]


async def test_a_cancelled_order_differs_until_its_money_is_returned(books: Books, providers: Providers) -> None:
    await books.paid(ORDER)
    await books.cancel(ORDER)
    assert await different(books, providers) == [
        f"{ORDER} is cancelled: Stripe has 3000 of its money, and by its stream 0"
    ]
    await books.give_back(ORDER)
    assert await different(books, providers) == []


async def test_a_storm_fails_calls_and_what_it_delayed_happens_at_its_end(books: Books, providers: Providers) -> None:
    providers.storm.share = 1.0
    for number in range(40):
        with pytest.raises(GatewayUnavailable):
            await books.charge(ORDER, key=f"charge-{number}")
    before, delayed = len(providers.stripe.intents), len(providers.storm.late[ORDER])
    assert 0 < delayed < 40
    assert providers.end_storm() == delayed
    assert len(providers.stripe.intents) == before + delayed
    await books.charge(ORDER)
    assert providers.stripe.kept(ORDER) == 3000
