"""Orders and events that need an operator, as a gauge by kind: counted by the function behind `orders attention`."""

from collections import Counter
from dataclasses import replace
from typing import Final, get_args

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from temporalio.client import Client

from application.attention import find_stuck
from application.reach import reachable
from application.stuck import Kind
from audit import Sources
from settings import Settings

# Rows of each source: more would say nothing that this many do not, and each costs a request to Temporal.
_MOST: Final = 1000
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_OF_THE_DATABASE: Final[tuple[Kind, ...]] = ("parked", "holdEnding", "refundFailed")


async def attention_state(sources: Sources, settings: Settings, client: Client) -> list[Metric]:
    """The gauge; without the kinds that only Temporal knows where it does not answer. Raises asyncpg's errors."""
    found = await find_stuck(replace(sources, client=await reachable(client)), settings, _MOST, per_source=True)
    counts = Counter(stuck.kind for stuck in found.rows)
    gauge = GaugeMetricFamily(
        "orders_attention", "Orders and events that `orders attention` lists, by kind", labels=["kind"]
    )
    for kind in _OF_THE_DATABASE if found.problem else _KINDS:
        gauge.add_metric([kind], counts[kind])
    return [gauge]
