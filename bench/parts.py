"""Which sides each part compares, and the figure that its ratio is made of. Data, so that it can be read at a glance."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Target:
    """The first side's figure over the best of the others' has to be at least, or at most, so much."""

    figure: str
    ratio: float
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison. sides: the first is ours; each by its name, and where its measure is, as `module:function`."""

    name: str
    about: str
    sides: dict[str, str]
    targets: tuple[Target, ...] = ()


PARTS: Final = (
    Part(
        "orders",
        "place to shipped and told, 20 in flight",
        {"ours": "orders_ours:measure_orders", "bare Temporal": "orders_bare:measure_orders"},
        (Target("orders_per_s", 0.9), Target("cpu_ms_per_order", 1.15, at_most=True)),
    ),
    Part(
        "single",
        "place to shipped and told, one at a time",
        {"ours": "orders_ours:measure_single", "bare Temporal": "orders_bare:measure_single"},
        (Target("p50_ms", 1.3, at_most=True),),
    ),
    Part(
        "dbos",
        "the same saga on DBOS, its steps empty",
        {"ours": "orders_ours:measure_orders", "DBOS": "orders_dbos:measure_orders"},
        (Target("orders_per_s", 1.0),),
    ),
    Part(
        "append",
        "append one event, one at a time",
        {"ours": "append_ours:measure_one", "bare INSERT": "append_bare:measure_one"},
        (Target("events_per_s", 0.9),),
    ),
    Part(
        "append32",
        "append one event, 32 at a time",
        {"ours": "append_ours:measure_many", "eventsourcing": "append_eventsourcing:measure_many"},
        (Target("events_per_s", 2.0),),
    ),
    Part(
        "read",
        "catch-up read of a million events, decoded",
        {"ours": "read_ours:measure", "eventsourcing": "read_eventsourcing:measure"},
        (Target("events_per_s", 5.0),),
    ),
    Part(
        "rebuild",
        "both projections anew from a million events",
        {"ours": "rebuild_ours:measure", "one upsert per event": "rebuild_naive:measure"},
        (Target("events_per_s", 10.0),),
    ),
    Part(
        "dispatch",
        "commit to start of the workflow",
        {"idle": "dispatch:measure_idle", "24 appenders": "dispatch:measure_busy"},
    ),
)
