"""EasyPost labels made after the answer, or after our time limit: found and refunded, for a day."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import GatewayMisconfigured, GatewayUnavailable, GatewayUndecided, KeyVoided
from gateways.shipping import LabelRequest, VoidedLabel
from tests.gateways.easypost_clock import pass_time
from tests.gateways.easypost_server import API_KEY, BUY, SENDER, EasyPostServer, run_easypost_server
from tests.integration.gateway_requests import a_parcel

HOUR = 60 * 60
UNKNOWN = VoidedLabel(existed=False, pending=True)
NOTHING = VoidedLabel(existed=False)
PENDING = VoidedLabel(existed=True, pending=True)
UNDECIDED = ["EXISTS", "NO_RESPONSE", "TIMED_OUT"]


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
def shipping(pool: asyncpg.Pool, server: EasyPostServer) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, EasyPostApi(API_KEY, SENDER, server.base, timeout=1))


async def state(pool: asyncpg.Pool, key: str) -> str:
    found = await pool.fetchval("select s.state from gateways.easypost_shipments s where s.key = $1", key)
    return str(found)


async def unanswered(shipping: EasyPostShippingGateway, server: EasyPostServer, *, lost: bool = False) -> LabelRequest:
    """A parcel whose purchase has timed out; unless lost, it takes effect with server.deliver()."""
    request = a_parcel()
    server.fail(BUY, "lost_request" if lost else "late_effect")
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    return request


@pytest.mark.parametrize("hours", [0, 1, 20])
async def test_given_a_purchase_that_takes_effect_after_the_void_then_its_label_is_taken_back(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool, hours: int
) -> None:
    request = await unanswered(shipping, server)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    await pass_time(pool, hours * HOUR)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    server.deliver()
    assert len(server.live(request.key)) == 1
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []
    server.decide("refunded")
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)
    assert server.calls["refund"] == 1


async def test_given_a_void_with_an_unknown_outcome_then_nothing_is_bought_or_found_under_its_key(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = await unanswered(shipping, server)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    assert await state(pool, request.key) == "voiding"
    await pass_time(pool, HOUR)
    with pytest.raises(KeyVoided):
        await shipping.create(request)
    assert await shipping.find(request.key) is None
    assert server.calls["buy"] == 1


async def test_given_a_purchase_that_never_came_then_the_void_is_over_after_a_day(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = await unanswered(shipping, server, lost=True)
    for _ in range(2):
        assert await shipping.void(request.key, "cancelled") == UNKNOWN
        await pass_time(pool, 12 * HOUR)
    for _ in range(2):
        assert await shipping.void(request.key, "cancelled") == NOTHING
    assert await state(pool, request.key) == "voided"
    assert server.live(request.key) == []


async def test_given_a_label_that_appeared_in_the_last_hours_then_the_last_look_finds_it(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = await unanswered(shipping, server)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    server.deliver()
    await pass_time(pool, 40 * HOUR)  # look-ups are up to a day apart
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []


@pytest.mark.parametrize("early", ["accepted", "without_label", "without_tracking"])
async def test_given_a_purchase_answered_before_the_label_is_made_then_the_order_gets_the_finished_one(
    shipping: EasyPostShippingGateway, server: EasyPostServer, early: str
) -> None:
    server.answers_early = early  # type: ignore[assignment]
    request = a_parcel()
    for _ in range(2):
        with pytest.raises(GatewayUnavailable) as wait:
            await shipping.create(request)
        assert wait.value.retry_after is not None
    server.finish()
    label = await shipping.create(request)
    [bought] = server.bought(request.key)
    assert (label.shipment_id, label.tracking_number) == (bought["id"], bought["tracking_code"])
    assert server.calls["buy"] == 1


async def test_given_a_label_that_is_not_made_in_time_then_no_second_one_is_bought(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    server.answers_early = "accepted"
    request = a_parcel()
    for _ in range(3):
        with pytest.raises(GatewayUnavailable):
            await shipping.create(request)
        await pass_time(pool, HOUR)
    server.finish()
    await shipping.create(request)
    assert len(server.bought(request.key)) == 1


async def test_given_a_carrier_without_tracking_then_the_shipment_is_its_number_once_the_purchase_is_over(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    server.answers_early = "without_tracking"
    request = a_parcel()
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    await pass_time(pool, HOUR)
    label = await shipping.create(request)
    assert label.tracking_number == label.shipment_id


@pytest.mark.parametrize("early", ["accepted", "without_label", "without_tracking"])
@pytest.mark.parametrize("refunds_early", [False, True])
async def test_given_a_label_made_after_its_key_was_voided_then_it_is_taken_back(
    shipping: EasyPostShippingGateway, server: EasyPostServer, early: str, refunds_early: bool
) -> None:
    server.answers_early, server.refunds_early = early, refunds_early  # type: ignore[assignment]
    request = a_parcel()
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    for _ in range(2):
        voided = await shipping.void(request.key, "cancelled")
        assert voided.pending
    server.finish()
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []
    server.decide("refunded")
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)
    assert server.live(request.key) == []


@pytest.mark.parametrize("code", UNDECIDED)
async def test_given_a_refusal_that_leaves_the_outcome_open_then_it_is_not_taken_for_final(
    shipping: EasyPostShippingGateway, server: EasyPostServer, code: str
) -> None:
    request = a_parcel()
    error = {"code": f"SHIPMENT.POSTAGE.{code}", "message": "…", "errors": []}
    server.fail(BUY, "status_then_effect", status=422, error=error)
    with pytest.raises(GatewayUnavailable, match=code):
        await shipping.create(request)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    server.deliver()
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []


@pytest.mark.parametrize("status", [401, 429])
async def test_given_a_second_purchase_without_effect_then_the_first_one_is_still_looked_for(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool, status: int
) -> None:
    request = await unanswered(shipping, server)
    await pass_time(pool, HOUR)
    server.fail(BUY, "status", status=status)
    with pytest.raises((GatewayUnavailable, GatewayMisconfigured)):
        await shipping.create(request)
    assert await state(pool, request.key) == "created"
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    server.deliver()
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []


async def test_given_a_second_purchase_without_effect_then_the_label_of_the_first_is_the_orders(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = await unanswered(shipping, server)
    await pass_time(pool, HOUR)
    server.fail(BUY, "status", status=429)
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    server.deliver()
    label = await shipping.create(request)
    assert server.live(request.key) == [label.shipment_id]


async def test_given_a_second_purchase_that_is_refused_then_the_first_one_is_still_looked_for(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = await unanswered(shipping, server)
    await pass_time(pool, HOUR)
    server.refuses_to_sell = "SHIPMENT.POSTAGE.FAILURE"
    with pytest.raises(GatewayUndecided):
        await shipping.create(request)
    assert await shipping.void(request.key, "cancelled") == UNKNOWN
    server.refuses_to_sell = None
    server.deliver()
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert server.live(request.key) == []


async def test_given_a_purchase_known_to_have_had_no_effect_then_the_void_is_over_at_once(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    server.fail(BUY, "status", status=429)
    with pytest.raises(GatewayUnavailable):
        await shipping.create(request)
    assert await shipping.void(request.key, "cancelled") == NOTHING
