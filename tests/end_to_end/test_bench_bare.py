"""Bare Temporal is a fair comparison: one order leaves the same events in Temporal's histories."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

from bench.orders_bare import tuned
from bench.orders_bare_default import as_it_comes
from bench.orders_ours import in_this_process
from bench.side import Ground, Order
from embedded.temporal import TemporalServer
from workflows.model import FULFILL_ORDER, NOTIFY_SHIPMENT, VALIDATE_ORDER

Side = Callable[[Ground], AbstractAsyncContextManager[Order]]


async def histories(side: Side, ground: Ground, client: Client) -> dict[str, list[HistoryEvent]]:
    """Events of each workflow of one shipped order."""
    async with side(ground) as order:
        order_id = await order()
        found = {}
        for workflow in (VALIDATE_ORDER, FULFILL_ORDER, NOTIFY_SHIPMENT):
            handle = client.get_workflow_handle(f"{workflow}-{order_id}")
            await handle.result()
            found[workflow] = list((await handle.fetch_history()).events)
    return found


@pytest.mark.parametrize("side", [tuned, partial(tuned, apart=True), as_it_comes], ids=["tuned", "apart", "default"])
async def test_bare_temporal_leaves_the_events_of_ours_of_about_their_size(
    side: Side, database_url: str, temporal_server: TemporalServer, temporal_client: Client
) -> None:
    ours = await histories(in_this_process, Ground(database_url, temporal_server.address, scale=1), temporal_client)
    bare = await histories(side, Ground("", temporal_server.address, scale=1), temporal_client)
    for name, events in ours.items():
        assert kinds(bare[name]) == kinds(events)
        assert size(bare[name]) == pytest.approx(size(events), rel=0.1), name


def kinds(events: list[HistoryEvent]) -> Counter[str]:
    """Number of events of each kind."""
    return Counter(EventType.Name(event.event_type) for event in events)


def size(events: list[HistoryEvent]) -> int:
    """Size in bytes."""
    return sum(event.ByteSize() for event in events)
