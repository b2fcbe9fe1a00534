"""Table of customs data, by SKU."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from inventory import statements
from inventory.customs_columns import NO_CUSTOMS_DATA, CustomsData

Database: TypeAlias = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy


async def read_customs(pool: asyncpg.Pool, skus: Sequence[str]) -> Mapping[str, CustomsData]:
    rows = await pool.fetch(statements.READ_CUSTOMS, skus)
    return {sku: CustomsData(*values) for sku, *values in rows}


async def store_customs(connection: Database, data: Mapping[str, CustomsData]) -> None:
    known = {sku: each for sku, each in data.items() if each != NO_CUSTOMS_DATA}
    if not known:
        return
    values = list(known.values())
    await connection.execute(
        statements.STORE_CUSTOMS,
        list(known),
        [each.origin_country for each in values],
        [each.hs_code for each in values],
        [each.weight_grams for each in values],
        [each.customs_value for each in values],
        [each.customs_currency for each in values],
    )
