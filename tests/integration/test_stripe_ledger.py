"""The ledger of requests to Stripe: states move forward only, rows are kept, and no personal data is stored."""

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from gateways.errors import RefundExceedsCharge
from gateways.payments import Charge
from gateways.stripe.ledger import StripeLedger
from gateways.stripe.refund_ledger import SeenRefund, StripeRefundLedger
from gateways.stripe.statements import LOCK_CHARGE, RESERVE_REFUND
from tests.integration.gateway_requests import a_charge, a_refund
from tests.running_system import until

FORWARD = ["new", "created", "declined", "voided", "authorised", "succeeded", "returned"]


@pytest.fixture
def ledger(pool: asyncpg.Pool) -> StripeLedger:
    return StripeLedger(pool)


@pytest.fixture
def refunds(pool: asyncpg.Pool) -> StripeRefundLedger:
    return StripeRefundLedger(pool)


def seen(key: str | None, state: str, amount: int = 700, refund_id: str = "re_1") -> SeenRefund:
    return SeenRefund(refund_id, key, amount, "USD", state, datetime.now(UTC))


async def a_row_in(pool: asyncpg.Pool, key: str, state: str) -> None:
    await pool.execute(
        """
        update gateways.stripe_charges set state = $2, decline_code = 'x', decline_reason = 'x',
            voided_at = case when $2 in ('voided', 'returned') then now() end where key = $1
        """,
        key,
        state,
    )


@pytest.mark.parametrize(("later", "earlier"), [(b, a) for a, b in itertools.combinations(FORWARD, 2)])
async def test_given_a_charge_then_its_state_cannot_go_back(
    ledger: StripeLedger, pool: asyncpg.Pool, later: str, earlier: str
) -> None:
    request = a_charge()
    row = await ledger.begin(request, "f")
    await a_row_in(pool, request.key, later)
    with pytest.raises(asyncpg.RestrictViolationError) as refusal:
        await pool.execute("update gateways.stripe_charges set state = $2 where key = $1", request.key, earlier)
    assert refusal.value.constraint_name == "stripe_charges_forward"
    await ledger.record(row, earlier, decline=("y", "y"))
    assert (await ledger.read(request.key)).state == later


async def test_given_a_voided_charge_then_neither_the_tombstone_nor_the_attempt_changes(
    ledger: StripeLedger, pool: asyncpg.Pool
) -> None:
    request = a_charge()
    await ledger.begin(request, "f")
    await ledger.void(request.key, "cancelled")
    for change in ("voided_at = null", "attempt = 2", "attempt = 0"):
        with pytest.raises(asyncpg.PostgresError):
            await pool.execute(f"update gateways.stripe_charges set {change}")
    row = await ledger.read(request.key)
    assert await ledger.raise_attempt(row, 2) == row
    assert await ledger.store_intent(row, "pi_late") == row


async def test_given_an_intent_then_another_takes_its_place_after_a_decline_alone(
    ledger: StripeLedger, pool: asyncpg.Pool
) -> None:
    request = a_charge()
    row = await ledger.store_intent(await ledger.begin(request, "f"), "pi_1")
    assert (await ledger.store_intent(row, "pi_2")).intent_id == "pi_1"
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("update gateways.stripe_charges set intent_id = 'pi_2'")
    await ledger.record(row, "declined", decline=("card_declined", "No."))
    row = await ledger.raise_attempt(await ledger.read(request.key), 2)
    assert (row.state, row.intent_id, row.attempt) == ("new", None, 2)
    assert (await ledger.store_intent(row, "pi_2")).intent_id == "pi_2"


async def test_given_a_refund_in_doubt_then_its_amount_stays_set_aside_and_a_failed_one_does_not(
    ledger: StripeLedger, refunds: StripeRefundLedger
) -> None:
    request = a_charge()
    row = await ledger.store_intent(await ledger.begin(request, "f"), "pi_1")
    await ledger.record(row, "succeeded")
    charge = Charge("pi_1", request.key, 1000, "USD", 0)
    asked = a_refund(charge, 700)
    assert await refunds.reserve(asked) == await refunds.reserve(asked)
    with pytest.raises(RefundExceedsCharge):
        await refunds.reserve(a_refund(charge, 301))
    await refunds.sync("pi_1", [seen(asked.key, "failed")])
    await refunds.sync("pi_1", [seen(asked.key, "succeeded")])
    assert (await refunds.reserve(a_refund(charge, 1000))).amount == 1000
    assert (await refunds.reserve(asked)).state == "failed"


async def test_given_a_refund_that_two_processes_ask_for_then_they_agree_on_its_key_and_its_amount(
    ledger: StripeLedger, refunds: StripeRefundLedger
) -> None:
    request = a_charge()
    charge = await ledger.store_intent(await ledger.begin(request, "f"), "pi_1")
    await ledger.record(charge, "succeeded")
    row = await refunds.reserve(a_refund(Charge("pi_1", request.key, 1000, "USD", 0), 700))
    same = await refunds.set_amount(row, 700, 0)
    assert same is not None
    assert (same, same.key_suffix) == (await refunds.set_amount(row, 700, 0), ())
    await asyncio.gather(*(refunds.renew_key(same) for _ in range(5)))
    again = (await refunds.sync("pi_1", []))[row.key]
    assert again.key_suffix == (2,)
    assert await refunds.set_amount(same, 700, 0) is None
    less = await refunds.set_amount(again, 400, 300)
    assert less is not None
    assert (less.sent, less.by_hand, less.key_suffix) == (400, 300, (3,))
    assert await refunds.set_amount(again, 500, 0) is None
    await asyncio.gather(*(ledger.renew_keys(charge) for _ in range(5)))
    assert (await ledger.read(request.key)).key_suffix == (2,)
    # A late response to a request for an earlier amount counts as made.
    late = (await refunds.sync("pi_1", [seen(row.key, "succeeded", 700)]))[row.key]
    assert (late.made, late.sent) == (True, 700)


async def test_given_a_second_refund_under_one_key_then_it_is_counted_too(
    ledger: StripeLedger, refunds: StripeRefundLedger
) -> None:
    request = a_charge()
    charge = await ledger.store_intent(await ledger.begin(request, "f"), "pi_1")
    await ledger.record(charge, "succeeded")
    row = await refunds.reserve(a_refund(Charge("pi_1", request.key, 1000, "USD", 0), 300))
    twice = [seen(row.key, "succeeded", 300, refund_id) for refund_id in ("re_1", "re_2")]
    for _ in range(2):
        rows = await refunds.sync("pi_1", twice)
        assert sum(each.used for each in rows.values()) == 600
        assert len(rows) == 2
    lost = await refunds.sync("pi_1", [seen("lost-in-a-restore", "succeeded", 100, "re_3")])
    assert (lost["lost-in-a-restore"].made, lost["lost-in-a-restore"].manual) == (True, False)


async def test_given_a_refund_that_is_being_set_aside_then_the_next_one_waits_and_counts_it(
    ledger: StripeLedger, refunds: StripeRefundLedger, pool: asyncpg.Pool
) -> None:
    request = a_charge()
    row = await ledger.store_intent(await ledger.begin(request, "f"), "pi_1")
    await ledger.record(row, "succeeded")
    charge = Charge("pi_1", request.key, 1000, "USD", 0)
    async with pool.acquire() as connection, connection.transaction():
        await connection.fetchrow(LOCK_CHARGE, "pi_1")
        await connection.execute(RESERVE_REFUND, "r-1", "pi_1", 700, "USD", "returned", None)
        second = asyncio.create_task(refunds.reserve(a_refund(charge, 400)))

        async def waits() -> bool:
            assert not second.done(), second.result()
            return bool(await connection.fetchval("select count(*) from pg_locks where not granted"))

        await until(waits, "the second refund waits for the first")
    with pytest.raises(RefundExceedsCharge) as refusal:
        await second
    assert (refusal.value.charged, refusal.value.refunded) == (1000, 700)


async def test_given_the_applications_role_then_it_deletes_nothing_and_changes_no_content(
    ledger: StripeLedger, pool: asyncpg.Pool
) -> None:
    await ledger.begin(a_charge(), "f")
    for statement in (
        "delete from gateways.stripe_charges",
        "truncate gateways.stripe_charges",
        "update gateways.stripe_charges set amount = 1",
        "update gateways.stripe_charges set key = 'x'",
        "delete from gateways.stripe_refunds",
        "update gateways.stripe_refunds set amount = 1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)


async def test_given_a_charge_then_the_ledger_holds_neither_the_customer_nor_the_means_of_payment(
    ledger: StripeLedger, pool: asyncpg.Pool
) -> None:
    await ledger.begin(replace(a_charge(), customer_id="ANNA-K", payment_method="pm_of_anna"), "f")
    stored = str(await pool.fetch("select c::text from gateways.stripe_charges c"))
    assert "ANNA-K" not in stored
    assert "pm_of_anna" not in stored
