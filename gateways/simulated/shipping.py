"""Simulated shipping gateway: a ledger in PostgreSQL that moves no parcel."""

import asyncpg

from gateways.errors import GatewayUndecided, IdempotencyConflict, KeyVoided, ShippingUnavailable
from gateways.fingerprints import fingerprint
from gateways.shipping import Label, LabelRequest, VoidedLabel
from gateways.simulated import statements
from gateways.simulated.call import Operation, SimulationSettings, call

CARRIER = "Simulated Parcel Service"


class SimulatedShippingGateway:
    """A ShippingGateway on the ledger in schema simulated; parcels above settings.unavailable_above_units are refused.

    Of the recipient only a salted hash is stored, to recognise a repeated request.
    """

    def __init__(self, pool: asyncpg.Pool, settings: SimulationSettings | None = None) -> None:
        self._pool = pool
        self._settings = settings or SimulationSettings()

    async def create(self, request: LabelRequest) -> Label:
        """As ShippingGateway.create. A refusal is stored under its key, and survives a change of the limit."""
        if not request.choice.admits(CARRIER):
            if label := await self.find(request.key):
                return label
            raise GatewayUndecided(f"no rate of {request.choice} is offered, only {CARRIER}")
        row = await self._call(
            "shipping.create",
            statements.CREATE_LABEL,
            request.key,
            fingerprint(request.key, request.order_id, request.units, request.recipient),
            request.order_id,
            request.units,
            CARRIER,
            self._settings.unavailable_above_units,
        )
        return _label(request.key, row)

    def needs_customs(self, country: str) -> bool:
        """As ShippingGateway.needs_customs: no parcel passes the customs."""
        return False

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """As ShippingGateway.void; final at once, and a repeated call gets the first result."""
        row = await self._call("shipping.void", statements.VOID_LABEL, key, reason)
        return VoidedLabel(existed=row["existed"])

    async def find(self, key: str) -> Label | None:
        """As ShippingGateway.find; not subject to the fault switches."""
        row = await self._pool.fetchrow(statements.FIND_LABEL, key)
        return Label(**row) if row else None

    async def _call(self, operation: Operation, statement: str, *arguments: object) -> asyncpg.Record:
        return await call(self._pool, self._settings, operation, statement, *arguments)


def _label(key: str, row: asyncpg.Record) -> Label:
    match row["outcome"]:
        case "created":
            return Label(row["shipment_id"], row["tracking_number"], row["carrier"])
        case "refused":
            raise ShippingUnavailable(row["reason"])
        case "voided":
            raise KeyVoided(key)
        case "conflict":
            raise IdempotencyConflict(key)
        case other:
            raise ValueError(f"unknown outcome of a label: {other}")
