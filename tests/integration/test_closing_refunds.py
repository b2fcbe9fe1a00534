"""Refunds that a person closes, by HTTP and by command: withdrawn, or settled elsewhere; never where the money moves."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from activities.payment import charge_request, refund_request
from embedded.temporal import TemporalServer
from gateways.errors import GatewayUndecided
from gateways.simulated import Faults
from orders.commands import CancelOrder, ConfirmOrder, RecordPayment, RecordShipment
from orders.events import CancelledBy
from orders.ids import stream_name
from orders.interventions import RequestRefund
from orders.names import charge_key
from orders.records import Refund
from orders.state import ExistingOrder, NotPlaced
from tests.integration.api_harness import KEYS, OPERATOR, WRITER, Api, api, bearer, problem
from tests.integration.cli_harness import Shell, shell_for

REASON = {"reason": "sent by bank transfer"}


@pytest.fixture
async def served(database_url: str, temporal_client: Client) -> AsyncIterator[Api]:
    async with api(database_url, temporal_client, api_keys=KEYS, key=OPERATOR) as opened:
        yield opened


async def state(served: Api, order_id: str) -> ExistingOrder:
    found = (await served.app.orders.load(stream_name(order_id))).state
    assert not isinstance(found, NotPlaced)
    return found


async def paid(served: Api) -> str:
    order_id = await served.place()
    charge = await served.app.payments.charge(charge_request((await state(served, order_id)).order))
    await served.handle(
        order_id, ConfirmOrder(order_id), RecordPayment(order_id, charge.payment_id, charge.amount, "EUR")
    )
    return order_id


async def requested(served: Api) -> tuple[str, Refund]:
    """A shipped order with a requested refund that no workflow makes."""
    order_id = await paid(served)
    await served.handle(order_id, RecordShipment(order_id, "s-1", f"T-{order_id}", "post"))
    await served.handle(order_id, RequestRefund(order_id, "r-1", 1000, "it arrived late"))
    payment = (await state(served, order_id)).payment
    assert payment is not None
    return order_id, Refund("r-1", payment.payment_id, 1000, "it arrived late")


async def make(served: Api, order_id: str, refund: Refund) -> None:
    order = (await state(served, order_id)).order
    await served.app.payments.refund(refund_request(f"{order_id}:return-payment:r-1", order, refund, None))


async def test_a_requested_refund_is_withdrawn_once_and_its_amount_can_be_refunded_again(served: Api) -> None:
    order_id, _ = await requested(served)
    path = f"/v1/orders/{order_id}/refunds/r-1/withdraw"
    assert (await served.http.post(path, json=REASON, headers=bearer(WRITER))).status_code == 403
    answers = [await served.post(path, REASON, Idempotency_Key=uuid4().hex) for _ in range(2)]
    assert [each.status_code for each in answers] == [202, 202]
    assert [each.json()["changed"] for each in answers] == [True, False]
    assert answers[0].json()["outcome"] == "withdrawn"
    shown = await served.get(f"/v1/orders/{order_id}")
    assert [(each["made"], each["outcome"]) for each in shown["refunds"]] == [(False, "withdrawn")]
    assert shown["closedRefunds"] == [
        {"refundId": "r-1", "amount": 1000, "reason": REASON["reason"], "outcome": "withdrawn"}
    ]
    timeline = await served.get(f"/v1/orders/{order_id}/timeline")
    assert (timeline["events"][-1]["type"], timeline["events"][-1]["actor"]) == ("order.refund_closed", "api:cyd")
    again = await served.post(f"/v1/orders/{order_id}/refunds", {"amount": 3000, "reason": "all of it"})
    assert (again.status_code, again.json()["refundable"]) == (202, 0)


async def test_a_refusal_for_the_version_leaves_the_refund_as_it_is_at_the_provider(served: Api) -> None:
    order_id, refund = await requested(served)
    path = f"/v1/orders/{order_id}/refunds/r-1/withdraw"
    refused = await served.post(path, REASON, If_Match='"1"')
    problem(refused, 412, "order-changed")
    await make(served, order_id, refund)
    assert (await served.post(path, REASON, If_Match=refused.headers["etag"])).status_code == 409


async def test_a_refund_that_the_provider_has_made_or_may_make_is_not_closed(served: Api) -> None:
    order_id, refund = await requested(served)
    await Faults(served.app.pool).set("payment.refund", "pending", remaining=1)
    await make(served, order_id, refund)
    for act in ("withdraw", "settle"):
        answer = await served.post(f"/v1/orders/{order_id}/refunds/r-1/{act}", REASON)
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:orders:problem:refund-not-open")
        assert f"of order {order_id} cannot be closed: " in answer.json()["detail"]
    await Faults(served.app.pool).decide("payment.refund", f"{order_id}:return-payment:r-1", succeeds=True)
    answer = await served.post(f"/v1/orders/{order_id}/refunds/r-1/settle", REASON)
    assert answer.status_code == 409
    assert "it was made" in answer.json()["detail"]


async def test_an_unknown_refund_or_one_of_an_open_order_is_not_closed(served: Api) -> None:
    order_id, _ = await requested(served)
    unknown = await served.post(f"/v1/orders/{order_id}/refunds/r-9/withdraw", REASON)
    assert (unknown.status_code, unknown.json()["type"]) == (409, "urn:orders:problem:refund-not-open")
    early = await served.post(f"/v1/orders/{await paid(served)}/refunds/r-1/settle", REASON)
    assert (early.status_code, early.json()["type"]) == (409, "urn:orders:problem:illegal-transition")


async def test_the_refused_refund_of_a_cancelled_order_is_settled_and_then_nothing_is_owed(
    served: Api, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    order_id = await paid(served)
    await served.handle(order_id, CancelOrder(order_id, "sold out", CancelledBy.FULFILLMENT))
    settings = served.app.settings
    assert settings.database_url
    shell: Shell = shell_for(tmp_path, settings.database_url, temporal_server)
    command = ("refunds", "settle", order_id, "cancellation", "--reason", "bank transfer", "--json")
    early = await shell.orders(*command)
    assert early.code == 1
    assert "cannot be closed" in early.err
    await Faults(served.app.pool).set("payment.void", "refused", remaining=1)
    with pytest.raises(GatewayUndecided):
        await served.app.payments.void(charge_key(order_id), "cancelled")
    ended = await shell.orders(*command)
    assert (ended.code, ended.document["outcome"], ended.document["amount"]) == (0, "settled_elsewhere", 3000)
    shown = await served.get(f"/v1/orders/{order_id}")
    assert (shown["paymentState"], shown["closedRefunds"][0]["reason"]) == ("paid", "bank transfer")
    text = (await shell.orders("show", order_id)).out
    assert "30.00 EUR returned in another way: bank transfer" in text
    await served.project()
    row = await served.app.pool.fetchrow(
        "select payment_state, amount_settled from projections.order_dashboard where order_id = $1", order_id
    )
    assert row is not None
    assert tuple(row) == ("paid", 3000)
