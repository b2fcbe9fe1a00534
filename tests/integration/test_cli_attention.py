"""`orders attention`: counts by kind, pages and the filter by kind, for parked events and holds."""

from pathlib import Path

from temporalio.client import Client

from dispatcher.dispatcher import NAME as DISPATCHER
from embedded.temporal import TemporalServer
from eventstore.parking import Parking
from open_work.kinds import KINDS
from orders.ids import stream_name
from orders.interventions import HoldOrder
from tests.integration.api_harness import api
from tests.integration.cli_harness import shell_for


async def test_attention_is_listed_in_pages_with_the_number_of_each_kind(
    database_url: str, temporal_client: Client, temporal_server: TemporalServer, tmp_path: Path
) -> None:
    async with api(database_url, temporal_client) as served:
        for order_id in ("held-1", "held-2"):
            await served.place(order_id)
            await served.handle(order_id, HoldOrder(order_id, "odd"))
        await served.place("parked")
        await served.project()
        [event] = await served.app.store.read_stream(stream_name("parked"))
        await Parking(served.app.pool, DISPATCHER).park({event.position: "set aside"})
    shell = shell_for(tmp_path, database_url, temporal_server)
    first = await shell.orders("attention", "--limit", "2")
    assert first.code == 1
    assert first.out.startswith("parked 1, onHold 2\n")
    assert first.out.index("set aside") < first.out.index("held-1")
    assert "held-2" not in first.out
    after = first.err.removeprefix("more: --after ").strip()
    rest = await shell.orders("attention", "--after", after, "--json")
    assert [row["orderId"] for row in rest.document["stuck"]] == ["held-2"]
    assert rest.document["counts"] == dict.fromkeys(KINDS, 0) | {"parked": 1, "onHold": 2}
    assert (rest.code, rest.document["more"], rest.document["after"]) == (1, False, None)
    held = await shell.orders("attention", "--kind", "onHold", "--json")
    assert [row["orderId"] for row in held.document["stuck"]] == ["held-1", "held-2"]
    none = await shell.orders("attention", "--kind", "lost")
    assert (none.code, none.out) == (0, "parked 1, onHold 2\nnone of kind lost\n")
    wrong = await shell.orders("attention", "--after", "parked")
    assert wrong.code == 2
    assert "is not the cursor of an earlier page" in wrong.err
