"""A payment gateway that keeps its own ledger in PostgreSQL and moves no money."""

import asyncpg

from gateways.fingerprints import fingerprint
from gateways.protocols import (
    Charge,
    ChargeRequest,
    IdempotencyConflict,
    KeyVoided,
    PaymentDeclined,
    PaymentNotFound,
    Refund,
    RefundCurrencyMismatch,
    RefundExceedsCharge,
    RefundRequest,
    Voided,
)
from gateways.simulated.call import Operation, SimulationSettings, call

# Leans on the primary key of charges: the second caller with a key waits for the first and reads its row.
CHARGE = """
select fault, fault_delay, outcome, payment_id, amount, currency, refunded_amount, code, reason
from simulated.charge($1, $2, $3, $4, $5, $6, $7)
"""

# Takes the key's row in charges, new or locked, so that it comes wholly before or wholly after a charge.
VOID = "select fault, fault_delay, payment_id, refund_id, amount_returned from simulated.void_charge($1, $2, $3)"

# Locks the charge's row before its balance is read.
REFUND = """
select fault, fault_delay, outcome, refund_id, charged, refunded, charge_currency
from simulated.refund($1, $2, $3, $4, $5, $6)
"""

# Reads one row by the primary key of charges.
CAPTURE = """
select c.state, c.payment_id, c.key, c.amount, c.currency, c.refunded_amount
from simulated.charges c
where c.key = $1
"""

# Reads one row by the primary key of charges.
FIND = """
select c.payment_id, c.key, c.amount, c.currency, c.refunded_amount
from simulated.charges c
where c.key = $1 and c.payment_id is not null
"""

# Reads one row by the primary key of refunds.
FIND_REFUND = """
select r.refund_id, r.payment_id, r.amount
from simulated.refunds r
where r.origin = 'refund' and r.key = $1
"""


class SimulatedPaymentGateway:
    """A PaymentGateway on the ledger in schema simulated; charges above settings.decline_above are declined."""

    def __init__(self, pool: asyncpg.Pool, settings: SimulationSettings | None = None) -> None:
        self._pool = pool
        self._settings = settings or SimulationSettings()

    async def charge(self, request: ChargeRequest) -> Charge:
        """As PaymentGateway.charge. A decline is remembered under its key, whatever the limit is later."""
        content = fingerprint(request.key, request.order_id, request.customer_id, request.amount, request.currency)
        row = await self._call(
            "payment.charge",
            CHARGE,
            request.key,
            content,
            request.order_id,
            request.amount,
            request.currency,
            self._settings.decline_above,
        )
        return _charge(request.key, row)

    async def capture(self, key: str) -> Charge:
        """As PaymentGateway.capture: every charge here is captured, and the fault switches do not touch this."""
        row = await self._pool.fetchrow(CAPTURE, key)
        if row is not None and row["state"] == "voided":
            raise KeyVoided(key)
        if row is None or row["payment_id"] is None:
            raise PaymentNotFound(key)
        return _charge_of(key, row)

    async def void(self, key: str, reason: str) -> Voided:
        """As PaymentGateway.void. The reason of the first void is the one kept."""
        row = await self._call("payment.void", VOID, key, reason)
        return Voided(key, row["payment_id"], row["refund_id"], row["amount_returned"])

    async def refund(self, request: RefundRequest) -> Refund:
        """As PaymentGateway.refund."""
        row = await self._call(
            "payment.refund",
            REFUND,
            request.key,
            request.payment_id,
            request.amount,
            request.currency,
            request.reason,
        )
        return _refund(request, row)

    async def find(self, key: str) -> Charge | None:
        """As PaymentGateway.find; the fault switches do not touch it."""
        row = await self._pool.fetchrow(FIND, key)
        return Charge(**row) if row else None

    async def find_refund(self, key: str) -> Refund | None:
        """As PaymentGateway.find_refund; the fault switches do not touch it."""
        row = await self._pool.fetchrow(FIND_REFUND, key)
        return Refund(**row) if row else None

    async def _call(self, operation: Operation, statement: str, *arguments: object) -> asyncpg.Record:
        return await call(self._pool, self._settings, operation, statement, *arguments)


def _charge(key: str, row: asyncpg.Record) -> Charge:
    match row["outcome"]:
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
