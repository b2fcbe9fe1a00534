"""EasyPost with lost replies, late or duplicate calls, and processes that end in the middle: one label, or none."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from requests.adapters import HTTPAdapter

from gateways.easypost.api import EasyPostApi
from gateways.easypost.ledger import EasyPostLedger
from gateways.easypost.shipment import Shipment
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import GatewayUnavailable, KeyVoided
from gateways.shipping import LabelRequest, VoidedLabel
from tests.gateways.easypost_server import (
    API_KEY,
    BUY,
    CREATE,
    REFUND,
    RETRIEVE,
    SENDER,
    EasyPostServer,
    FaultKind,
    run_easypost_server,
)
from tests.integration.gateway_requests import a_parcel, persist

PENDING = VoidedLabel(existed=True, pending=True)
UNKNOWN = VoidedLabel(existed=False, pending=True)


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


class Impatient(EasyPostApi):
    """Gateway with a short wait for a purchase in progress, so that the tests are fast."""

    purchase_seconds = 0.3


@pytest.fixture
def api(server: EasyPostServer) -> EasyPostApi:
    return Impatient(API_KEY, SENDER, server.base, timeout=1)


@pytest.fixture
def shipping(pool: asyncpg.Pool, api: EasyPostApi) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, api)


@pytest.mark.parametrize("kind", ["lost_request", "lost_reply", "hang"])
@pytest.mark.parametrize("pattern", [CREATE, BUY])
async def test_given_an_unknown_outcome_when_tried_again_then_one_label_is_bought(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pattern: str, kind: FaultKind
) -> None:
    request = a_parcel()
    server.fail(pattern, kind)
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    label = await persist(lambda: shipping.create(request))
    assert [each["id"] for each in server.bought(request.key)] == [label.shipment_id]
    assert await shipping.find(request.key) == label


async def test_given_a_purchase_whose_reply_was_lost_when_tried_again_then_it_is_found_and_not_repeated(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    server.fail(BUY, "lost_reply")
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    await shipping.create(request)  # at once: a bought label is not waited for
    assert server.calls["buy"] == 1


async def test_given_a_purchase_under_way_when_tried_again_then_no_other_is_begun_before_it_cannot_arrive(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    server.fail(BUY, "late_effect")
    for _ in range(2):
        with pytest.raises(GatewayUnavailable) as refusal:
            await shipping.create(request)
    assert refusal.value.retry_after is not None
    assert server.calls["buy"] == 1
    server.deliver()
    await shipping.create(request)
    assert server.calls["buy"] == 1


async def test_given_a_purchase_that_comes_after_the_next_one_then_there_is_one_label(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    server.fail(BUY, "late_effect")
    label = await persist(lambda: shipping.create(request))
    server.deliver()
    assert [each["id"] for each in server.bought(request.key)] == [label.shipment_id]


async def test_given_a_label_that_was_made_after_its_key_was_voided_then_it_is_taken_back(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool, api: EasyPostApi
) -> None:
    request = a_parcel()
    reached, release = asyncio.Event(), asyncio.Event()

    class Dawdling(Impatient):
        async def buy(self, shipment_id: str, rate_id: str) -> Shipment:
            reached.set()
            await release.wait()
            return await api.buy(shipment_id, rate_id)

    dawdling = Dawdling(API_KEY, SENDER, server.base, timeout=1)
    creating = asyncio.create_task(EasyPostShippingGateway(pool, dawdling).create(request))
    await reached.wait()
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    release.set()
    with pytest.raises(KeyVoided):
        await creating
    assert [each["refund_status"] for each in server.bought(request.key)] == ["submitted"]
    server.decide("refunded")
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)


async def test_given_a_key_voided_during_a_purchase_that_has_no_effect_then_the_void_is_over(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool, api: EasyPostApi
) -> None:
    request = a_parcel()

    class VoidedMeanwhile(Impatient):
        async def buy(self, shipment_id: str, rate_id: str) -> Shipment:
            assert await shipping.void(request.key, "cancelled") == UNKNOWN
            return await api.buy(shipment_id, rate_id)

    server.fail(BUY, "status", status=429)
    with pytest.raises(GatewayUnavailable):
        await EasyPostShippingGateway(pool, VoidedMeanwhile(API_KEY, SENDER, server.base)).create(request)
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=False)


async def test_given_a_purchase_refused_because_another_has_bought_then_its_label_is_the_answer(
    server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    class Twice(Impatient):
        async def buy(self, shipment_id: str, rate_id: str) -> Shipment:
            await super().buy(shipment_id, rate_id)
            return await super().buy(shipment_id, rate_id)

    client = Twice(API_KEY, SENDER, server.base, timeout=1)
    request = a_parcel()
    label = await EasyPostShippingGateway(pool, client).create(request)
    assert [each["id"] for each in server.bought(request.key)] == [label.shipment_id]


def test_given_the_client_then_it_tries_nothing_again_by_itself(api: EasyPostApi) -> None:
    adapters = api._client._requests_session.adapters.values()
    assert {adapter.max_retries.total for adapter in adapters if isinstance(adapter, HTTPAdapter)} == {0}


@pytest.mark.parametrize("kind", ["lost_request", "lost_reply", "hang"])
@pytest.mark.parametrize("pattern", [REFUND, RETRIEVE])
async def test_given_a_void_with_an_unknown_outcome_when_tried_again_then_the_refund_is_asked_for_once(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pattern: str, kind: FaultKind
) -> None:
    request = a_parcel()
    await shipping.create(request)
    server.fail(pattern, kind)
    with pytest.raises(GatewayUnavailable):
        await shipping.void(request.key, "cancelled")
    assert await shipping.find(request.key) is None
    assert await shipping.void(request.key, "cancelled") == PENDING
    asked_twice = pattern == REFUND and kind != "lost_reply"  # one attempt without effect
    assert server.calls["refund"] == (2 if asked_twice else 1)


async def test_given_one_label_asked_for_many_times_at_once_then_one_is_bought(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    labels = await asyncio.gather(*(persist(lambda: shipping.create(request)) for _ in range(8)))
    assert len(set(labels)) == 1
    assert [each["id"] for each in server.bought(request.key)] == [labels[0].shipment_id]
    assert server.calls["buy"] == 1


async def test_given_create_and_void_under_faults_at_once_then_no_label_stays_live(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.fail(BUY, "lost_reply", remaining=5)
    server.fail(BUY, "lost_request", remaining=5)
    server.fail(CREATE, "lost_reply", remaining=5)
    server.fail(REFUND, "lost_reply", remaining=5)

    async def race() -> LabelRequest:
        request = a_parcel()
        await asyncio.gather(
            persist(lambda: shipping.create(request)),
            persist(lambda: shipping.void(request.key, "cancelled")),
            return_exceptions=True,
        )
        return request

    for request in await asyncio.gather(*(race() for _ in range(20))):
        assert await shipping.find(request.key) is None
        assert {each["refund_status"] for each in server.bought(request.key)} <= {"submitted"}
        assert len(server.bought(request.key)) <= 1


async def test_given_a_call_that_no_thread_had_time_for_then_it_is_not_made_late(
    server: EasyPostServer, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = EasyPostApi(API_KEY, SENDER, server.base, timeout=1)
    monkeypatch.setattr("gateways.easypost.api.LONGEST_WAIT", -1)
    with pytest.raises(GatewayUnavailable, match="too many calls"):
        await EasyPostShippingGateway(pool, client).create(a_parcel())
    assert server.calls.total() == 0


async def test_given_the_ledger_when_a_row_has_gone_on_then_what_was_decided_on_it_changes_nothing(
    pool: asyncpg.Pool,
) -> None:
    ledger = EasyPostLedger(pool)
    await ledger.open("k", "o", "f")
    assert await ledger.store("k", "shp_1")
    assert not await ledger.store("k", "shp_2")
    first = await ledger.begin_purchase("k", 0, 3600)
    assert first is not None
    assert first.earlier is None
    second = await ledger.begin_purchase("k", 60, 3600)
    assert second is not None
    assert second.earlier is not None
    assert await ledger.begin_purchase("k", 60, 3600) is None
    assert not await ledger.end_purchase("k", first)
    assert (await ledger.refuse("k", "no")).state == "buying"
    assert not await ledger.complete_void("k")
    assert (await ledger.record_label("k", "T", "USPS")).state == "bought"
    assert not await ledger.end_purchase("k", second)
    assert not await ledger.void_unbought("k", "cancelled")
    assert (await ledger.refuse("k", "no")).state == "bought"
    assert await ledger.void_bought("k", "cancelled")
    assert not await ledger.void_bought("k", "cancelled")
    assert not await ledger.complete_void("k")
    await ledger.record_refund("k", "voided")
    await ledger.record_refund("k", "voiding")
    row = await ledger.read("k")
    assert (row.state, row.shipment_id, row.tracking_number) == ("voided", "shp_1", "T")
    assert (await ledger.record_label("k", "T", "USPS")).state == "voided"
