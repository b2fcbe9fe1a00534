"""Orders and events that need an operator, as a gauge by kind: counted by the function behind `orders attention`."""

from dataclasses import replace

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.client import Client

from open_work.attention_list import find_stuck
from open_work.kinds import KINDS, KINDS_OF_THE_DATABASE
from open_work.sources import Sources
from settings import Settings
from temporal import reachable


async def attention_state(sources: Sources, settings: Settings, client: Client) -> list[Metric]:
    """The gauge; only the kinds of the database if Temporal does not answer. Raises asyncpg's errors."""
    found = await find_stuck(replace(sources, client=await reachable(client)), settings)
    gauge = GaugeMetricFamily(
        "orders_attention", "Orders and events that `orders attention` lists, by kind", labels=["kind"]
    )
    for kind in KINDS_OF_THE_DATABASE if found.problem else KINDS:
        gauge.add_metric([kind], found.counts[kind])
    return [gauge]
