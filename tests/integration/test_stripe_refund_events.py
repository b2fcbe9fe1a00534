"""Stripe's events about refunds: failed ones of ours, ones with a lost reply, and ones made by a person."""

import pytest
from temporalio.client import Client

from gateways.payments import RefundRequest
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.stripe_events_harness import charged, deliver, of_refund, refund_states, stripe_api


async def test_a_refund_that_fails_later_is_known_and_a_late_word_on_it_changes_nothing(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        refund = await served.app.payments.refund(RefundRequest("r-1", charge.payment_id, 400, "EUR", "late"))
        about = {"intent_id": charge.payment_id, "refund_id": refund.refund_id, "metadata": {"key": "r-1"}}
        for kind, status, then in (
            ("refund.created", "pending", "succeeded"),
            ("refund.failed", "failed", "failed"),
            ("refund.updated", "pending", "failed"),
            ("charge.refund.updated", "succeeded", "failed"),
        ):
            assert (await deliver(served, of_refund(kind, status=status, **about))).status_code == 204  # type: ignore[arg-type]
            assert await refund_states(served.app) == {"r-1": then}


async def test_a_refund_whose_reply_was_lost_is_known_by_its_key(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        request = RefundRequest("r-1", charge.payment_id, 400, "EUR", "late")
        stripe_server.fail("POST /v1/refunds", "lost_reply")
        with pytest.raises(Exception, match="no answer"):
            await served.app.payments.refund(request)
        assert await refund_states(served.app) == {"r-1": "asked"}
        [made] = await stripe_server.behind.refunds()
        event = of_refund("refund.created", charge.payment_id, made["id"], "succeeded", metadata={"key": "r-1"})
        assert (await deliver(served, event)).status_code == 204
        assert await refund_states(served.app) == {"r-1": "succeeded"}
        assert (await served.app.payments.refund(request)).refund_id == made["id"]
        assert len(await stripe_server.behind.refunds()) == 1


async def test_what_a_person_gave_back_in_stripes_dashboard_enters_the_ledger(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        created = of_refund("refund.created", charge.payment_id, "re_by_hand", "pending", 400)
        updated = of_refund("refund.updated", charge.payment_id, "re_by_hand", "succeeded", 400)
        overtaken = of_refund("refund.created", charge.payment_id, "re_failed", "succeeded", 300)
        failed = of_refund("refund.failed", charge.payment_id, "re_failed", "failed", 300)
        for event in (created, updated, created, failed, overtaken):
            assert (await deliver(served, event)).status_code == 204
        rows = await served.app.pool.fetch("select * from gateways.stripe_refunds order by key")
        assert [(row["key"], row["amount"], row["currency"], row["state"]) for row in rows] == [
            ("stripe:re_by_hand", 400, "EUR", "succeeded"),
            ("stripe:re_failed", 300, "EUR", "failed"),
        ]
