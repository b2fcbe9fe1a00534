"""Sums of amounts beyond 64 bits: the same whole number in `--json` and in the API."""

from pathlib import Path
from typing import Any, Final

from temporalio.client import Client

from embedded.temporal import TemporalServer
from orders.commands import ConfirmOrder, RecordPayment
from tests.integration.api_harness import api
from tests.integration.cli_harness import shell_for

LARGEST: Final = 2**63 - 1
LINE: Final = {"sku": "GEM", "name": "Gem", "quantity": 1, "unitPrice": LARGEST}
CUSTOMER: Final = "tycoon"


async def test_a_customers_sum_beyond_64_bits_is_exact_in_json_and_in_the_api(
    database_url: str, temporal_client: Client, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    async with api(database_url, temporal_client) as served:
        for order_id in ("a", "b", "c"):
            await served.place(order_id, customerId=CUSTOMER, items=[LINE], total=LARGEST)
            for command in (ConfirmOrder(order_id), RecordPayment(order_id, f"pay-{order_id}", LARGEST, "EUR")):
                await served.handle(order_id, command)
        await served.project()
        found: list[Any] = (await served.get("/v1/customers"))["customers"]
        revenue = (await served.get("/v1/summary"))["revenue"]
    shell = shell_for(tmp_path, database_url, temporal_server)
    listed = await shell.orders("customers", "--json")
    assert listed.code == 0, listed.err
    assert [row["totalSpend"] for row in found] == [3 * LARGEST]
    assert [row["totalSpend"] for row in listed.document["customers"]] == [3 * LARGEST]
    assert revenue == [{"currency": "EUR", "amount": 3 * LARGEST}]
