"""EasyPost behind its official client: the contract of all gateways, the requests, and the handling of each answer."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial

import asyncpg
import pytest

from activities.interceptors.failures import as_failure
from gateways.easypost.api import EasyPostApi
from gateways.easypost.shipping import EasyPostShippingGateway
from gateways.errors import GatewayMisconfigured, GatewayUnavailable, GatewayUndecided, ShippingUnavailable
from gateways.shipping import LabelRequest, VoidedLabel
from tests.gateways.easypost_bad_hours import NOT_FINAL, refusing, refusing_to_sell, without_rates
from tests.gateways.easypost_books import UNDELIVERABLE
from tests.gateways.easypost_server import (
    API_KEY,
    BUY,
    CREATE,
    REFUND,
    RETRIEVE,
    SENDER,
    EasyPostServer,
    run_easypost_server,
)
from tests.integration.gateway_requests import a_parcel
from tests.integration.shipping_contract import BadHour, ShippingGatewayContract

PENDING = VoidedLabel(existed=True, pending=True)


@pytest.fixture
async def server() -> AsyncIterator[EasyPostServer]:
    async with run_easypost_server() as running:
        yield running


@pytest.fixture
def api(server: EasyPostServer) -> EasyPostApi:
    return EasyPostApi(API_KEY, SENDER, server.base, timeout=1)


@pytest.fixture
def shipping(pool: asyncpg.Pool, api: EasyPostApi) -> EasyPostShippingGateway:
    return EasyPostShippingGateway(pool, api)


@pytest.fixture
def refused() -> LabelRequest:
    return a_parcel(units=51)


class TestContract(ShippingGatewayContract):
    @pytest.fixture
    def bad_hours(self, server: EasyPostServer) -> Sequence[BadHour]:
        """No rates, for passing, unknown and mixed reasons; purchases and shipments refused for the carrier's own fault."""
        return (
            *(partial(without_rates, server, *messages) for messages in NOT_FINAL),
            *(partial(refusing_to_sell, server, code) for code in ("SHIPMENT.POSTAGE.FAILURE", "NEVER.HEARD.OF")),
            partial(refusing, server, CREATE, "ADDRESS.VERIFY.UPSTREAM_UNAVAILABLE"),
        )


async def state(pool: asyncpg.Pool, key: str) -> str:
    found = await pool.fetchval("select s.state from gateways.easypost_shipments s where s.key = $1", key)
    return str(found)


async def test_given_a_parcel_then_the_lowest_rate_is_bought_under_the_key_and_by_weight(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    label = await shipping.create(request)
    [shipment] = server.of(request.key)
    assert label == type(label)(shipment["id"], shipment["tracking_code"], "USPS")
    assert shipment["selected_rate"]["service"] == "Ground"
    assert shipment["parcel"] == {"weight": 48.0}
    assert shipment["from_address"] == SENDER
    assert shipment["to_address"] == {
        **{"name": "A. Person", "street1": "Main Street 1", "city": "Lyon", "zip": "69004", "country": "FR"}
    }


async def test_given_no_rate_then_the_carriers_words_refuse_it(shipping: EasyPostShippingGateway) -> None:
    with pytest.raises(ShippingUnavailable) as refusal:
        await shipping.create(a_parcel(units=51))
    assert refusal.value.reason == "Shipping unavailable: USPS: Package weight exceeds the limit"


async def test_given_an_address_the_carrier_does_not_know_then_its_words_come_without_the_address(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    nowhere = replace(request, recipient=replace(request.recipient, line1=UNDELIVERABLE))
    with pytest.raises(ShippingUnavailable) as refusal:
        await shipping.create(nowhere)
    assert refusal.value.reason == "Shipping unavailable: Address not found: …, …; street1: House number is missing"
    assert as_failure(refusal.value).non_retryable
    assert server.of(request.key) == []


async def test_given_a_purchase_that_the_carrier_refuses_then_its_words_and_the_ways_out_are_named(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    server.refuses_to_sell = "SHIPMENT.POSTAGE.FAILURE"
    request = a_parcel()
    with pytest.raises(GatewayUndecided) as undecided:
        await shipping.create(request)
    failure = as_failure(undecided.value)
    assert not failure.non_retryable
    assert failure.message == (
        "no label yet: SHIPMENT.POSTAGE.FAILURE: Unable to complete shipment purchase; account on hold "
        "(`orders retry` tries again at once, with --carrier and --service by another rate; `orders cancel` ends the order)"
    )
    assert await state(pool, request.key) == "created"
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=False)


@pytest.mark.parametrize("pattern", [CREATE, BUY])
@pytest.mark.parametrize("status", [401, 402, 403, 404])
async def test_given_our_key_or_account_is_refused_then_it_is_no_refusal_of_the_order(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pattern: str, status: int
) -> None:
    request = a_parcel()
    server.fail(
        pattern, "status", status=status, error={"code": "APIKEY.INACTIVE", "message": f"{API_KEY} is inactive"}
    )
    with pytest.raises(GatewayMisconfigured) as trouble:
        await shipping.create(request)
    assert str(trouble.value) == f"EasyPost refuses the request: status {status}, APIKEY.INACTIVE"
    failure = as_failure(trouble.value)
    assert (failure.non_retryable, failure.message) == (False, str(trouble.value))
    await shipping.create(request)  # at once: a refused purchase has no label
    assert len(server.bought(request.key)) == 1


async def test_given_a_code_that_looks_like_none_then_it_is_not_told(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.fail(CREATE, "status", status=400, error={"code": "no such street: Main Street 1"})
    with pytest.raises(GatewayMisconfigured) as trouble:
        await shipping.create(a_parcel())
    assert str(trouble.value) == "EasyPost refuses the request: status 400, unknown code"


@pytest.mark.parametrize("pattern", [CREATE, BUY])
async def test_given_too_many_requests_then_it_is_tried_again_after_the_time_that_easypost_names(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pattern: str
) -> None:
    request = a_parcel()
    server.fail(pattern, "status", status=429, headers={"Retry-After": "7"}, error={"code": "RATE_LIMITED"})
    with pytest.raises(GatewayUnavailable) as busy:
        await shipping.create(request)
    assert busy.value.retry_after == 7
    await shipping.create(request)
    assert len(server.bought(request.key)) == 1


@pytest.mark.parametrize("pattern", [CREATE, BUY, REFUND, RETRIEVE])
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
async def test_given_easypost_fails_then_the_outcome_is_unknown(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pattern: str, status: int
) -> None:
    request = a_parcel()
    server.fail(pattern, "status", status=status)

    async def bought_and_voided() -> None:
        await shipping.create(request)
        await shipping.void(request.key, "cancelled")

    with pytest.raises(GatewayUnavailable, match=r"EasyPost (fails: status 5|does not answer)"):
        await bought_and_voided()


async def test_given_an_answer_that_is_not_easyposts_then_the_outcome_is_unknown(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    for body in ("<html>Bad gateway</html>", "{}", '{"id": "shp_1", "rates": [{"rate": "free"}]}', "[]", "null"):
        server.fail(CREATE, "status", status=200, body=body)
        with pytest.raises(GatewayUnavailable):
            await shipping.create(a_parcel())


async def test_given_a_label_voided_then_it_is_pending_until_the_carrier_has_given_it_back(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = a_parcel()
    await shipping.create(request)
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert await shipping.void(request.key, "cancelled") == PENDING
    assert (server.calls["refund"], await state(pool, request.key)) == (1, "voiding")
    server.decide("refunded")
    for _ in range(2):
        assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)
    assert (server.calls["refund"], await state(pool, request.key)) == (1, "voided")


async def test_given_a_carrier_that_bills_on_scan_then_there_is_nothing_to_wait_for(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    server.refund_status = "not_applicable"
    request = a_parcel()
    await shipping.create(request)
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)


async def test_given_the_carrier_rejects_a_refund_then_it_is_told_and_asked_for_again(
    shipping: EasyPostShippingGateway, server: EasyPostServer, pool: asyncpg.Pool
) -> None:
    request = a_parcel()
    await shipping.create(request)
    server.refund_status = "rejected"
    refusal = VoidedLabel(True, pending=True, refused="the carrier does not take the label back: rejected")
    assert await shipping.void(request.key, "cancelled") == refusal
    assert await state(pool, request.key) == "void_refused"
    server.refund_status = "submitted"
    assert await shipping.void(request.key, "cancelled") == PENDING
    server.decide("rejected")
    server.refund_status = "refunded"
    assert await shipping.void(request.key, "cancelled") == VoidedLabel(existed=True)
    assert server.calls["refund"] == 3


async def test_given_easypost_refuses_the_refund_itself_then_its_code_is_told_and_not_its_words(
    shipping: EasyPostShippingGateway, server: EasyPostServer
) -> None:
    request = a_parcel()
    await shipping.create(request)
    server.refuses_refunds = True
    voided = await shipping.void(request.key, "cancelled")
    assert voided.pending
    assert voided.refused == "the carrier does not take the label back: SHIPMENT.REFUND.UNAVAILABLE"
    server.refuses_refunds = False
    assert await shipping.void(request.key, "cancelled") == PENDING


async def test_given_the_recipient_then_it_is_not_in_our_ledger(
    shipping: EasyPostShippingGateway, pool: asyncpg.Pool
) -> None:
    request = a_parcel()
    await shipping.create(request)
    row = await pool.fetchval("select s::text from gateways.easypost_shipments s where s.key = $1", request.key)
    assert [part for part in ("Person", "Main Street", "Lyon", "69004") if part in row] == []
