"""Simulated payment gateway: a ledger in PostgreSQL that moves no money."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import asyncpg

from gateways.errors import (
    GatewayUnavailable,
    GatewayUndecided,
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
    PaymentNotFound,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
    RefundFailed,
    RefundRefused,
    RefundUnderWay,
)
from gateways.fingerprints import fingerprint
from gateways.payments import Charge, ChargeRequest, PaymentChange, Refund, RefundRequest, Voided
from gateways.simulated import statements
from gateways.simulated.call import Operation, SimulationSettings, call

ALWAYS_ACCEPTED: Final = "pm_accepted"
"""Means of payment that is charged at any amount."""
_PROCESSING: Final = timedelta(days=22)


class SimulatedPaymentGateway:
    """A PaymentGateway on the ledger in schema simulated; charges above settings.decline_above are declined, unless by
    ALWAYS_ACCEPTED."""

    def __init__(self, pool: asyncpg.Pool, settings: SimulationSettings | None = None) -> None:
        self._pool = pool
        self._settings = settings or SimulationSettings()

    async def charge(self, request: ChargeRequest) -> Charge:
        """As PaymentGateway.charge. A decline is final for its attempt: a change of the limit has an effect on a higher
        one."""
        content = fingerprint(request.key, request.order_id, request.customer_id, request.amount, request.currency)
        if request.attempt > 1:
            await self._pool.execute(statements.BEGIN_ATTEMPT, request.key, request.attempt)
        row = await self._call(
            "payment.charge",
            statements.CHARGE,
            request.key,
            content,
            request.order_id,
            request.amount,
            request.currency,
            None if request.payment_method == ALWAYS_ACCEPTED else self._settings.decline_above,
        )
        return _charge(request.key, row)

    async def capture(self, key: str) -> Charge:
        """As PaymentGateway.capture: every simulated charge is captured. Not subject to the fault switches."""
        row = await self._pool.fetchrow(statements.READ_CHARGE, key)
        if row is not None and row["state"] == "voided":
            raise KeyVoided(key)
        if row is None or row["payment_id"] is None:
            raise PaymentNotFound(key)
        return _charge_of(key, row)

    async def void(self, key: str, reason: str) -> Voided:
        """As PaymentGateway.void. The first reason is stored."""
        row = await self._call("payment.void", statements.VOID_CHARGE, key, reason)
        if row["state"] in ("failed", "refused"):
            raise GatewayUndecided(
                "the simulated refund is refused",
                "return the money in another way and then close it with `orders refunds settle`",
            )
        pending = row["state"] == "pending"
        return Voided(key, row["payment_id"], row["refund_id"], 0 if pending else row["amount_returned"], pending)

    async def close_void(self, key: str) -> int:
        charge = await self._pool.fetchrow(statements.READ_CHARGE, key)
        if charge is None:
            raise RefundUnderWay(key, "no money was taken")
        if await self._pool.fetchval(statements.VOID_STATE, key) not in (
            "failed",
            "refused",
            "closed",
        ):
            raise RefundUnderWay(key, "it was made, or is in progress")
        await self._pool.fetchval(statements.CLOSE_REFUND, "payment.void", key, charge["payment_id"])
        return int(charge["amount"] - charge["refunded_amount"])

    async def close_refund(self, request: RefundRequest) -> None:
        """As PaymentGateway.close_refund. Not subject to the fault switches."""
        before = await self._pool.fetchval(statements.CLOSE_REFUND, "payment.refund", request.key, request.payment_id)
        if before is not None:
            raise RefundUnderWay(request.key, "it was made" if before == "made" else "the provider has not decided yet")

    async def refund(self, request: RefundRequest) -> Refund:
        row = await self._call(
            "payment.refund",
            statements.REFUND,
            request.key,
            request.payment_id,
            request.amount,
            request.currency,
            request.reason,
        )
        return _refund(request, row)

    async def find(self, key: str) -> Charge | None:
        """As PaymentGateway.find; not subject to the fault switches."""
        row = await self._pool.fetchrow(statements.FIND_CHARGE, key)
        return Charge(**row) if row else None

    async def find_refund(self, key: str) -> Refund | None:
        """As PaymentGateway.find_refund; not subject to the fault switches."""
        row = await self._pool.fetchrow(statements.FIND_REFUND, key)
        return Refund(**row) if row else None

    async def changes(self, key: str, *, crediting: bool) -> tuple[PaymentChange, ...]:
        """As PaymentGateway.changes: a simulated payment has none."""
        return ()

    async def _call(self, operation: Operation, statement: str, *arguments: object) -> asyncpg.Record:
        return await call(self._pool, self._settings, operation, statement, *arguments)


def _charge(key: str, row: asyncpg.Record) -> Charge:
    match row["outcome"]:
        case "charged" if row["pending_since"] is not None:
            return replace(_charge_of(key, row), captured=False, pending_until=row["pending_since"] + _PROCESSING)
        case "charged":
            return _charge_of(key, row)
        case "declined":
            raise PaymentDeclined(row["code"], row["reason"])
        case "voided":
            raise KeyVoided(key)
        case "conflict":
            raise IdempotencyConflict(key)
        case other:
            raise ValueError(f"unknown outcome of a charge: {other}")


def _charge_of(key: str, row: asyncpg.Record) -> Charge:
    return Charge(row["payment_id"], key, row["amount"], row["currency"], row["refunded_amount"])


def _refund(request: RefundRequest, row: asyncpg.Record) -> Refund:
    match row["outcome"]:
        case "refunded":
            return Refund(row["refund_id"], request.payment_id, request.amount)
        case "pending":
            return Refund(row["refund_id"], request.payment_id, request.amount, pending=True)
        case "failed":
            raise RefundFailed(request.key)
        case "refused":
            raise RefundRefused(request.key, "the simulated provider refuses it")
        case "closed":
            raise GatewayUnavailable("the refund is being given up: repeat the command that closes it")
        case "exceeds":
            raise RefundExceedsCharge(request.payment_id, row["charged"], row["refunded"], request.amount)
        case "other_currency":
            raise RefundCurrencyMismatch(request.payment_id, row["charge_currency"], request.currency)
        case "no_such_payment":
            raise PaymentNotFound(request.payment_id)
        case "conflict":
            raise IdempotencyConflict(request.key)
        case other:
            raise ValueError(f"unknown outcome of a refund: {other}")
