"""Money at Stripe that needs an operator is listed until an operator has acted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from embedded.temporal import TemporalServer
from gateways.payments import Charge, RefundRequest
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import OPERATOR, Api, api
from tests.integration.cli_harness import shell_for
from tests.integration.stripe_events_harness import (
    charged,
    deliver,
    of_refund,
    set_charge,
    stripe_settings,
)


async def listed(served: Api) -> list[tuple[str, str, str, str]]:
    found = await served.get("/v1/attention")
    return [(each["kind"], each["orderId"], each["state"], each["step"]) for each in found["stuck"]]


async def held(served: Api, database_url: str, **left: float) -> Charge:
    """Authorisation of a placed order, with this time left."""
    order_id = await served.place()
    charge = await charged(served.app, order_id)
    assert not charge.captured
    until = datetime.now(UTC) + timedelta(**left)
    await set_charge(database_url, charge.payment_id, authorised_until=until)
    return charge


async def test_a_hold_within_a_day_of_its_end_is_listed_until_it_is_captured_or_voided(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    settings = stripe_settings(stripe_server) | {"stripe_capture": "with-label"}
    async with api(database_url, temporal_client, key=OPERATOR, **settings) as served:
        await held(served, database_url, hours=24, minutes=5)
        ended = await held(served, database_url, hours=-1)
        ending = await held(served, database_url, hours=23, minutes=55)
        orders = [charge.key.removesuffix(":charge-payment") for charge in (ended, ending)]
        assert await listed(served) == [("holdEnding", id_, "placed", "capture-payment") for id_ in orders]
        words = [each["error"] for each in (await served.get("/v1/attention"))["stuck"]]
        assert ["ended at" in each for each in words] == [True, False]
        assert all("the hold of 30.00 EUR" in each for each in words)
        await served.app.payments.void(ended.key, "cancelled")
        await served.app.payments.capture(ending.key)
        assert await listed(served) == []


async def test_a_dispute_is_listed_until_the_bank_decides(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with api(database_url, temporal_client, key=OPERATOR, **stripe_settings(stripe_server)) as served:
        order_id = await served.place()
        charge = await charged(served.app, order_id)
        for status, kinds in (
            ("warning_needs_response", []),
            ("needs_response", ["disputed"]),
            ("under_review", ["disputed"]),
            ("lost", []),
        ):
            dispute = stripe_server.dashboard.dispute(charge.payment_id, 3000, status)
            await served.app.payments.changes(charge.key, crediting=False)
            rows = (await served.get("/v1/attention"))["stuck"]
            assert [each["kind"] for each in rows] == kinds
            assert all(f"the customer disputes 30.00 EUR as {dispute}" in each["error"] for each in rows)


async def test_a_refund_that_failed_later_is_listed_until_as_much_has_gone_back_another_way(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with api(database_url, temporal_client, key=OPERATOR, **stripe_settings(stripe_server)) as served:
        order_id = await served.place()
        charge = await charged(served.app, order_id)
        key = f"{order_id}:return-payment:back-1"
        refund = await served.app.payments.refund(RefundRequest(key, charge.payment_id, 400, "EUR", "late"))
        assert await listed(served) == []
        about: dict[str, Any] = {"metadata": {"key": key}}
        await deliver(served, of_refund("refund.failed", charge.payment_id, refund.refund_id, "failed", **about))
        assert await listed(served) == [("refundFailed", order_id, "placed", "return-payment")]
        [row] = (await served.get("/v1/attention"))["stuck"]
        assert row["error"].startswith(f"4.00 EUR came back as {refund.refund_id}: return the money")
        await deliver(served, of_refund("refund.created", charge.payment_id, "re_less", "succeeded", 399))
        assert len(await listed(served)) == 1
        await deliver(served, of_refund("refund.created", charge.payment_id, "re_by_hand", "succeeded", 400))
        assert await listed(served) == []


async def owed(served: Api) -> list[str]:
    """Errors of the listed refunds."""
    return [each["error"] for each in (await served.get("/v1/attention"))["stuck"] if each["kind"] == "refundFailed"]


async def test_a_later_and_larger_refund_that_was_requested_for_itself_hides_no_failed_one(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with api(database_url, temporal_client, key=OPERATOR, **stripe_settings(stripe_server)) as served:
        charge = await charged(served.app, await served.place())
        first = await served.app.payments.refund(RefundRequest("r-1", charge.payment_id, 400, "EUR", "late"))
        await served.app.payments.refund(RefundRequest("r-2", charge.payment_id, 900, "EUR", "broken"))
        about: dict[str, Any] = {"metadata": {"key": "r-1"}}
        await deliver(served, of_refund("refund.failed", charge.payment_id, first.refund_id, "failed", **about))
        assert len(await owed(served)) == 1


async def test_one_refund_by_hand_covers_one_failed_refund_and_a_part_of_it_is_said_to_be_left(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with api(database_url, temporal_client, key=OPERATOR, **stripe_settings(stripe_server)) as served:
        charge = await charged(served.app, await served.place())
        made = []
        for key in ("r-1", "r-2"):
            made.append(await served.app.payments.refund(RefundRequest(key, charge.payment_id, 400, "EUR", "late")))
            about: dict[str, Any] = {"metadata": {"key": key}}
            await deliver(served, of_refund("refund.failed", charge.payment_id, made[-1].refund_id, "failed", **about))
        assert len(await owed(served)) == 2
        await deliver(served, of_refund("refund.created", charge.payment_id, "re_hand", "succeeded", 500))
        [left] = await owed(served)
        assert left.startswith(f"4.00 EUR came back as {made[1].refund_id}: return the other 3.00 EUR in")
        await deliver(served, of_refund("refund.created", charge.payment_id, "re_more", "succeeded", 300))
        assert await owed(served) == []


async def test_money_at_risk_comes_in_pages(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.stripe.attention._PAGE", 2)
    settings = stripe_settings(stripe_server) | {"stripe_capture": "with-label"}
    async with api(database_url, temporal_client, key=OPERATOR, **settings) as served:
        charges = [await held(served, database_url, hours=1) for _ in range(5)]
        same = datetime.now(UTC)
        for charge in charges:
            await set_charge(database_url, charge.payment_id, authorised_until=same)
        assert sorted(each[1] for each in await listed(served)) == sorted(
            charge.key.removesuffix(":charge-payment") for charge in charges
        )


async def test_the_command_line_lists_it_too(
    database_url: str,
    temporal_client: Client,
    temporal_server: TemporalServer,
    stripe_server: StripeProxy,
    tmp_path: Path,
) -> None:
    settings = stripe_settings(stripe_server) | {"stripe_capture": "with-label"}
    async with api(database_url, temporal_client, key=OPERATOR, **settings) as served:
        charge = await held(served, database_url, hours=1)
    shell = shell_for(tmp_path, database_url, temporal_server)
    [row] = (await shell.orders("attention", "--json")).document["stuck"]
    assert (row["kind"], row["orderId"]) == ("holdEnding", charge.key.removesuffix(":charge-payment"))
    ended = await shell.orders("attention")
    assert (ended.code, "capture-payment" in ended.out) == (1, True)
