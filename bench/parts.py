"""The parts of the benchmark: the sides that each compares, and its targets. Data, to be read at a glance."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Target:
    """Bound of a figure of the first side, or of its ratio to the side `against`: at least, or at most, `bound`."""

    figure: str
    bound: float
    against: str | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison. sides: the first is ours; each by its name, and where its measure is, as `module:function`.
    limit: seconds that a side may take. by_name_only: too long to be among those that run by default.
    most_rounds: however many are asked for. temporal: its sides need a Temporal server. durable: on servers with fsync."""

    name: str
    about: str
    sides: dict[str, str]
    targets: tuple[Target, ...] = ()
    limit: float = 300
    by_name_only: bool = False
    most_rounds: int = 100
    temporal: bool = False
    durable: bool = False


AS_IT_COMES: Final = "bare, as the SDK comes"
TUNED: Final = "bare, tuned as ours"
APART: Final = "bare, tuned, gateways apart"
"""With a task queue for each gateway, as ours: their steps are not started eagerly."""

PARTS: Final = (
    Part(
        "orders",
        "place to shipped and published, 20 in flight",
        {
            "ours": "orders_ours:measure_orders",
            AS_IT_COMES: "orders_bare_default:measure_orders",
            TUNED: "orders_bare:measure_orders",
            APART: "orders_bare:measure_orders_apart",
            "DBOS": "orders_dbos:measure_orders",
            "Absurd": "orders_absurd:measure_orders",
        },
        (
            Target("orders_per_s", 0.9, AS_IT_COMES),
            Target("orders_per_s", 0.95, TUNED),
            Target("orders_per_s", 0.95, APART),
            Target("cpu_ms_per_order", 1.15, AS_IT_COMES, at_most=True),
            Target("cpu_ms_per_order", 1.1, TUNED, at_most=True),
            Target("cpu_ms_per_order", 1.1, APART, at_most=True),
            Target("cpu_ms_per_order", 1.0, "DBOS", at_most=True),
            Target("database_cpu_ms", 0.8, "DBOS", at_most=True),
        ),
        temporal=True,
    ),
    Part(
        "single",
        "place to shipped and published, one at a time",
        {
            "ours": "orders_ours:measure_single",
            AS_IT_COMES: "orders_bare_default:measure_single",
            TUNED: "orders_bare:measure_single",
            APART: "orders_bare:measure_single_apart",
        },
        (
            Target("p50_ms", 1.3, AS_IT_COMES, at_most=True),
            Target("p50_ms", 1.15, TUNED, at_most=True),
            Target("p50_ms", 1.15, APART, at_most=True),
            Target("p50_ms", 150.0, at_most=True),
        ),
        temporal=True,
    ),
    Part(
        "scale-out",
        "place to shipped and published, 20 in flight, serving processes apart from the placing one",
        {
            "two processes": "orders_scale_out:measure_two",
            "one process": "orders_scale_out:measure_one",
            "worker | worker | the rest": "orders_scale_out:measure_by_role",
        },
        (Target("cpu_ms_per_order", 1.05, "one process", at_most=True),),
        most_rounds=2,
        temporal=True,
    ),
    Part(
        "durable",
        "as orders, with fsync, and on Temporal's own server on PostgreSQL",
        {
            "ours": "orders_ours:measure_orders",
            TUNED: "orders_bare:measure_orders",
            APART: "orders_bare:measure_orders_apart",
        },
        (Target("orders_per_s", 0.9, TUNED), Target("orders_per_s", 0.9, APART)),
        limit=900,
        by_name_only=True,
        durable=True,
        temporal=True,
    ),
    Part(
        "durable-single",
        "as single, with fsync, and on Temporal's own server on PostgreSQL",
        {
            "ours": "orders_ours:measure_single",
            TUNED: "orders_bare:measure_single",
            APART: "orders_bare:measure_single_apart",
        },
        (Target("p50_ms", 1.3, TUNED, at_most=True), Target("p50_ms", 1.3, APART, at_most=True)),
        limit=900,
        by_name_only=True,
        durable=True,
        temporal=True,
    ),
    Part(
        "burst",
        "an import of 2,000 orders placed at once, and orders of customers behind it",
        {"ours": "orders_burst:measure"},
        (Target("interactive_s", 10.0, at_most=True), Target("throughput", 0.95)),
        limit=1_800,
        by_name_only=True,
        most_rounds=1,
        temporal=True,
    ),
    Part(
        "memory",
        "a serving process at rest and after ten thousand orders",
        {"ours": "orders_memory:measure"},
        (Target("growth", 1.1, at_most=True),),
        limit=3_600,
        by_name_only=True,
        temporal=True,
    ),
    Part(
        "append",
        "append one event, one at a time",
        {
            "ours": "append_ours:measure_one",
            "bare INSERT": "append_bare:measure_one",
            "eventsourcing": "append_eventsourcing:measure_one",
            "message-db": "append_message_db:measure_one",
        },
        (Target("events_per_s", 0.8, "bare INSERT"), Target("events_per_s", 1.0, "message-db")),
    ),
    Part(
        "append32",
        "append one event, 32 at a time",
        {
            "ours": "append_ours:measure_many",
            "bare INSERT": "append_bare:measure_many",
            "eventsourcing": "append_eventsourcing:measure_many",
            "message-db": "append_message_db:measure_many",
        },
        (Target("events_per_s", 2.0, "eventsourcing"), Target("events_per_s", 2.5, "message-db")),
    ),
    Part(
        "read",
        "catch-up read of a million events, decoded",
        {"ours": "read_ours:measure", "eventsourcing": "read_eventsourcing:measure"},
        (Target("events_per_s", 1.5, "eventsourcing"),),
        most_rounds=1,
    ),
    Part(
        "rebuild",
        "both projections from a million events in one pass",
        {"ours": "rebuild_ours:measure", "one upsert per event": "rebuild_naive:measure"},
        (Target("events_per_s", 6.0, "one upsert per event"), Target("events_per_s", 50_000.0)),
        most_rounds=1,
    ),
    Part(
        "dispatch",
        "commit to start of the workflow",
        {"idle": "dispatch:measure_idle", "24 appenders": "dispatch:measure_busy"},
        (Target("p50_ms", 5.0, at_most=True), Target("p99_ms", 30.0, at_most=True)),
    ),
    Part(
        "lanes",
        "starts at a stand-in for Temporal that answers at once, by processes that share the dispatcher's lanes",
        {
            "4, killed in turn": "lanes:measure_killed",
            "1 process": "lanes:measure_one",
            "2 processes": "lanes:measure_two",
            "4 processes": "lanes:measure_four",
        },
        (Target("lost", 0.0, at_most=True), Target("out_of_order", 0.0, at_most=True)),
        limit=900,
        by_name_only=True,
        most_rounds=1,
    ),
    Part(
        "log",
        "bytes of the log for each event, and every statement over it, by the number of orders",
        {
            "10 M orders": "log_sizes:measure_10m",
            "1 M orders": "log_sizes:measure_1m",
            "100 k orders": "log_sizes:measure_100k",
        },
        tuple(
            Target(f"{name}_p50_ms", 1.3, "100 k orders", at_most=True)
            for name in ("append_one", "page", "next_page", "stream")
        ),
        limit=36_000,
        by_name_only=True,
        most_rounds=1,
    ),
    Part(
        "growth",
        "by the number of orders in the store, one at a time",
        {"1 M orders": "growth:measure_1m", "100 k orders": "growth:measure_100k", "1 k orders": "growth:measure_1k"},
        (
            *(
                Target(f"{name}_p50_ms", 1.2, "1 k orders", at_most=True)
                for name in ("append", "page", "stream", "order")
            ),
            Target("dispatch_p50_ms", 1.1, "1 k orders", at_most=True),
            Target("slowest_query_p99_ms", 20.0, at_most=True),
        ),
        limit=900,
        most_rounds=1,
        temporal=True,
    ),
    Part(
        "search",
        "search of a million orders by text and filters, one at a time",
        {"1 M orders": "search:measure"},
        (Target("slowest_p99_ms", 50.0, at_most=True),),
        limit=1_800,
        by_name_only=True,
        most_rounds=1,
    ),
)
