"""A shipping gateway that keeps its own ledger in PostgreSQL and moves no parcel."""

import asyncpg

from gateways.fingerprints import fingerprint
from gateways.protocols import (
    IdempotencyConflict,
    KeyVoided,
    Label,
    LabelRequest,
    ShippingUnavailable,
    VoidedLabel,
)
from gateways.simulated.call import Operation, SimulationSettings, call

CARRIER = "Simulated Parcel Service"

# Leans on the primary key of labels, as the charge does on that of charges.
CREATE = """
select fault, fault_delay, outcome, shipment_id, tracking_number, carrier, reason
from simulated.create_label($1, $2, $3, $4, $5, $6, $7)
"""

# Takes the key's row in labels, new or locked, so that it comes wholly before or wholly after a create.
VOID = "select fault, fault_delay, existed from simulated.void_label($1, $2, $3)"

# Reads one row by the primary key of labels.
FIND = """
select l.shipment_id, l.tracking_number, l.carrier
from simulated.labels l
where l.key = $1 and l.state = 'created'
"""


class SimulatedShippingGateway:
    """A ShippingGateway on the ledger in schema simulated; it refuses above settings.unavailable_above_units.

    The recipient is not stored: a salted hash of it is, to recognise the same request again.
    """

    def __init__(self, pool: asyncpg.Pool, settings: SimulationSettings | None = None) -> None:
        self._pool = pool
        self._settings = settings or SimulationSettings()

    async def create(self, request: LabelRequest) -> Label:
        """As ShippingGateway.create. A refusal is remembered under its key, whatever the limit is later."""
        row = await self._call(
            "shipping.create",
            CREATE,
            request.key,
            fingerprint(request.key, request.order_id, request.units, request.recipient),
            request.order_id,
            request.units,
            CARRIER,
            self._settings.unavailable_above_units,
        )
        return _label(request.key, row)

    async def void(self, key: str, reason: str) -> VoidedLabel:
        """As ShippingGateway.void; done at once, and a repetition gets the first answer."""
        row = await self._call("shipping.void", VOID, key, reason)
        return VoidedLabel(existed=row["existed"])

    async def find(self, key: str) -> Label | None:
        """As ShippingGateway.find; the fault switches do not touch it."""
        row = await self._pool.fetchrow(FIND, key)
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
