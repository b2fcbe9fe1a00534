"""Stripe's webhooks: signed, handled once, and never a reason to move a state back."""

import asyncio
import json
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from gateways.errors import PaymentDeclined
from gateways.payments import RefundRequest
from gateways.stripe.events import RETENTION
from tests.gateways.stripe_proxy import StripeProxy
from tests.integration.api_harness import api, problem
from tests.integration.projections_harness import owner
from tests.integration.stripe_events_harness import (
    PATH,
    SECRET,
    an_event,
    charged,
    deliver,
    deliver_signed,
    inbox,
    of_intent,
    of_refund,
    refund_states,
    set_charge,
    signature,
    state_of,
    stripe_api,
)
from tests.running_system import new_id, until


async def test_without_a_secret_there_is_nothing_at_the_address(database_url: str, temporal_client: Client) -> None:
    async with api(database_url, temporal_client) as served:
        problem(await deliver(served, of_intent("payment_intent.succeeded", "pi_1", "succeeded")), 404, "not-found")


@pytest.mark.parametrize(
    "forge",
    [
        lambda body: (body, None),
        lambda body: (body, ""),
        lambda body: (body, "nonsense"),
        lambda body: (body, "t=x,v1="),
        lambda body: (body, signature(body, secret="whsec_another")),
        lambda body: (body, signature(body, at=time.time() - 301)),
        lambda body: (body, signature(body, at=time.time() + 360)),
        lambda body: (body, signature(body, at=time.time() + 10**9)),
        lambda body: (body.replace(b"succeeded", b"successed"), signature(body)),
        lambda body: (body, signature(body).replace("v1=", "v0=")),
    ],
)
async def test_what_stripe_has_not_signed_lately_is_refused_and_changes_nothing(
    forge: object, database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    assert callable(forge)
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await set_charge(database_url, charge.payment_id, state="created")
        event = of_intent("payment_intent.succeeded", charge.payment_id, "succeeded")
        body, signed = forge(json.dumps(event).encode())
        document = problem(await deliver_signed(served, body, signed), 400, "invalid-event")
        assert "whsec" not in str(document)
        assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == ("created", {})
        assert (await deliver(served, event)).status_code == 204
        assert await state_of(served.app, charge.payment_id) == "succeeded"


async def test_an_event_is_taken_once_however_often_and_simultaneously_it_comes(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await set_charge(database_url, charge.payment_id, state="created")
        event = of_intent("payment_intent.succeeded", charge.payment_id, "succeeded")
        answers = await asyncio.gather(*(deliver(served, event) for _ in range(16)))
        assert {answer.status_code for answer in answers} == {204}
        assert await inbox(served.app) == {event["id"]: True}
        assert await state_of(served.app, charge.payment_id) == "succeeded"
        assert (await deliver(served, event, at=time.time() - 200)).status_code == 204
        assert await inbox(served.app) == {event["id"]: True}


async def test_events_in_any_order_leave_the_charge_where_stripe_has_it(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        events = [
            of_intent("payment_intent.payment_failed", charge.payment_id, "requires_payment_method"),
            of_intent("payment_intent.amount_capturable_updated", charge.payment_id, "requires_capture"),
            of_intent("payment_intent.succeeded", charge.payment_id, "succeeded"),
        ]
        for turn in range(6):
            await set_charge(database_url, charge.payment_id, state="created")
            await served.app.pool.execute("delete from gateways.stripe_inbox")
            for event in random.Random(turn).sample(events, k=3):
                assert (await deliver(served, event)).status_code == 204
                assert await state_of(served.app, charge.payment_id) == "succeeded"


async def test_a_charge_that_was_given_back_is_not_taken_again_by_a_late_event(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await served.app.payments.void(charge.key, "cancelled")
        event = of_intent("payment_intent.succeeded", charge.payment_id, "succeeded")
        assert (await deliver(served, event)).status_code == 204
        assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == (
            "returned",
            {event["id"]: True},
        )


async def test_a_decline_that_nobody_heard_of_is_known_with_stripes_words(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        order_id = new_id()
        with pytest.raises(PaymentDeclined) as declined:
            await charged(served.app, order_id, payment_method="pm_card_chargeCustomerFail")
        [intent] = await stripe_server.behind.intents(order_id)
        await set_charge(database_url, intent["id"], state="created", decline_code=None, decline_reason=None)
        event = of_intent("payment_intent.payment_failed", intent["id"], "requires_payment_method")
        assert (await deliver(served, event)).status_code == 204
        row = await served.app.pool.fetchrow("select * from gateways.stripe_charges")
        assert row is not None
        assert (row["state"], row["decline_code"], row["decline_reason"]) == (
            "declined",
            declined.value.code,
            declined.value.reason,
        )


async def test_where_stripe_does_not_tell_how_a_payment_stands_it_is_to_deliver_again(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await set_charge(database_url, charge.payment_id, state="created")
        event = of_intent("payment_intent.amount_capturable_updated", charge.payment_id, "requires_capture")
        for status in (500, 429, 401):
            stripe_server.fail("GET", "status", status=status)
            answer = await deliver(served, event)
            problem(answer, 503, "event-open")
            assert answer.headers["retry-after"]
            assert await inbox(served.app) == {}
        assert (await deliver(served, event)).status_code == 204
        assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == (
            "succeeded",
            {event["id"]: True},
        )


@pytest.mark.parametrize("table", ["stripe_charges", "stripe_inbox"])
async def test_an_event_and_what_it_changes_are_written_down_together_or_not_at_all(
    table: str, database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        await set_charge(database_url, charge.payment_id, state="created")
        event = of_intent("payment_intent.succeeded", charge.payment_id, "succeeded")
        async with owner(database_url) as connection:
            await connection.execute(
                f"""
                create function fails() returns trigger language plpgsql as $$ begin raise 'disk full'; end $$;
                create trigger fails before update on gateways.{table} for each row execute function fails();
                """
            )
            assert (await deliver(served, event)).status_code >= 500
            assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == ("created", {})
            await connection.execute(f"drop trigger fails on gateways.{table}")
        assert (await deliver(served, event)).status_code == 204
        assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == (
            "succeeded",
            {event["id"]: True},
        )


async def test_an_answer_that_was_overtaken_on_its_way_does_not_turn_the_charge_back(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server, stripe_capture="with-label") as served:
        charge = await charged(served.app)
        event = of_intent("payment_intent.amount_capturable_updated", charge.payment_id, "requires_capture")
        answer = stripe_server.fail("GET", "held")
        delivering = asyncio.create_task(deliver(served, event))
        await answer.reached.wait()
        await served.app.payments.capture(charge.key)
        answer.release.set()
        assert (await delivering).status_code == 204
        assert (await state_of(served.app, charge.payment_id), await inbox(served.app)) == (
            "succeeded",
            {event["id"]: True},
        )


async def test_payments_that_are_not_ours_and_events_of_other_kinds_are_let_go(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        for event in (
            of_intent("payment_intent.succeeded", "pi_of_somebody_else", "succeeded"),
            of_refund("refund.created", "pi_of_somebody_else", "re_1", "succeeded"),
            an_event("refund.created", {"id": "re_2", "object": "refund", "payment_intent": None}),
            an_event("customer.created", {"id": "cus_1", "object": "customer"}),
            of_intent("payment_intent.created", charge.payment_id, "requires_confirmation"),
        ):
            assert (await deliver(served, event)).status_code == 204
        assert (await inbox(served.app), await refund_states(served.app)) == ({}, {})


async def test_localstripes_own_webhooks_are_taken_in_any_order_and_twice(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    await stripe_server.subscribe(SECRET)
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charges = [await charged(served.app) for _ in range(3)]
        await served.app.payments.refund(RefundRequest("r-1", charges[0].payment_id, 400, "EUR", "late"))

        async def all_sent() -> bool:
            succeeded = b"".join(h.body for h in stripe_server.hooks if h.type == "payment_intent.succeeded")
            return all(charge.payment_id.encode() in succeeded for charge in charges)

        await until(all_sent, "localstripe has sent its webhooks")
        for charge in charges:
            await set_charge(database_url, charge.payment_id, state="created")
        for hook in reversed(stripe_server.hooks * 2):
            assert await stripe_server.send(hook, f"{served.url}{PATH}") == 204
        assert [await state_of(served.app, charge.payment_id) for charge in charges] == ["succeeded"] * 3
        assert all((await inbox(served.app)).values())


async def test_events_that_nobody_will_deliver_again_are_forgotten(
    database_url: str, temporal_client: Client, stripe_server: StripeProxy
) -> None:
    async with stripe_api(database_url, temporal_client, stripe_server) as served:
        charge = await charged(served.app)
        event = of_intent("payment_intent.succeeded", charge.payment_id, "succeeded")
        await deliver(served, event)
        events = served.app.stripe_events
        assert events is not None
        old = datetime.now(UTC) - RETENTION - timedelta(minutes=1)
        async with owner(database_url) as connection:
            await connection.execute(
                "insert into gateways.stripe_inbox (event_id, type, intent_id, created, handled_at) "
                "values ('evt_old', 'x', 'pi_1', $1, $1), ('evt_open', 'x', 'pi_1', $1, null)",
                old,
            )
        assert (await events.prune(), await events.prune()) == (1, 0)
        assert set(await inbox(served.app)) == {event["id"], "evt_open"}
