"""Result of a demo, as text and as JSON."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from application.timeline import Timeline, timeline_document
from application.workflows import order_workflows
from audit import AuditReport
from cli.demo.course import Ended, Tally
from cli.demo.world import World
from cli.output import facts, table
from cli.timeline import render_timeline
from order_streams import load_events
from orders.events import CancelledBy
from orders.money import format_money

_TOP: Final = 5
_REFUNDED: Final = 5  # events of an order that was placed, confirmed, paid, cancelled and refunded


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A run at its end. started: when the command began, UTC; placing: when the first order was about to be placed.

    all_ended: False where the wait was given up with orders still open.
    """

    started: datetime
    placing: datetime
    finished: datetime
    tally: Tally
    ended: Sequence[Ended]
    all_ended: bool

    @property
    def seconds(self) -> float:
        """From the first order to the last one ended."""
        return (self.finished - self.placing).total_seconds()

    @property
    def rate(self) -> float:
        """Ended orders per second."""
        return len(self.ended) / self.seconds if self.seconds > 0 else 0.0

    @property
    def to_first_shipped(self) -> float | None:
        """Seconds from the start of the command to the first order that shipped in this run."""
        shipped = [each.ended_at for each in self.ended if each.status == "shipped" and each.ended_at > self.started]
        return (min(shipped) - self.started).total_seconds() if shipped else None

    @property
    def outcomes(self) -> list[tuple[str, str | None, int]]:
        """Status, reason and how many, the most frequent first."""
        counted = Counter((each.status, each.reason) for each in self.ended)
        counted.update({("open", None): self.tally.open} if self.tally.open else {})
        return [(*outcome, number) for outcome, number in counted.most_common()]

    @property
    def revenue(self) -> dict[str, int]:
        """Money kept, in minor units by currency."""
        revenue: Counter[str] = Counter()
        for each in self.ended:
            revenue[each.currency] += each.kept
        return dict(revenue)

    @property
    def top_customers(self) -> list[tuple[str, str, int, int]]:
        """Customer, currency, money kept in minor units and shipped orders, by descending spend."""
        spent: Counter[tuple[str, str]] = Counter()
        shipped: Counter[tuple[str, str]] = Counter()
        for each in self.ended:
            if each.status == "shipped":
                spent[each.customer_id, each.currency] += each.kept
                shipped[each.customer_id, each.currency] += 1
        return [(*key, amount, shipped[key]) for key, amount in spent.most_common(_TOP)]

    @property
    def examples(self) -> dict[str, str]:
        """An order's id for each kind of story that occurred."""
        stories = {
            "shipped": lambda each: each.status == "shipped",
            "out of stock": lambda each: each.cancelled_by == CancelledBy.VALIDATION,
            "compensated": lambda each: each.status == "cancelled" and each.version >= _REFUNDED,
        }
        found = {kind: next(filter(matches, self.ended), None) for kind, matches in stories.items()}
        return {kind: each.order_id for kind, each in found.items() if each}


async def stories(world: World, run: DemoRun) -> dict[str, Timeline]:
    """Load the timelines of the examples, by kind of story."""
    settings = world.app.settings
    return {
        kind: Timeline(
            order_id,
            await load_events(world.app.orders, order_id),
            await order_workflows(world.client, settings, order_id),
        )
        for kind, order_id in run.examples.items()
    }


def story_lines(timelines: dict[str, Timeline], ui_url: str | None) -> Iterator[RenderableType]:
    """Render each timeline under its heading, and the Web UI's address, as text."""
    for kind, timeline in timelines.items():
        yield Text(f"\nOrder {timeline.order_id}: {kind}", style="bold")
        yield from render_timeline(timeline)
    yield Text(f"\nTemporal Web UI: {ui_url}\n" if ui_url else "")


def summary_lines(run: DemoRun) -> list[RenderableType]:
    """Render counts, money, customers and times as text."""
    return [
        Text(""),
        table("status", "reason", "orders", rows=[(s, r, f"{n:,}") for s, r, n in run.outcomes], right=("orders",)),
        Text(""),
        table(
            "customer",
            "spent",
            "shipped orders",
            rows=[(c, format_money(amount, currency), f"{n:,}") for c, currency, amount, n in run.top_customers],
            right=("spent", "shipped orders"),
        ),
        Text(""),
        facts(_figures(run)),
    ]


def _figures(run: DemoRun) -> Iterator[tuple[str, object]]:
    for currency, amount in run.revenue.items():
        yield "revenue", format_money(amount, currency)
    yield "orders", f"{len(run.ended):,} in {run.seconds:.1f} s, {run.rate:.1f} orders/s"
    if run.to_first_shipped is not None:
        yield "first shipped order", f"{run.to_first_shipped:.1f} s after the start"
    if not run.all_ended:
        yield "not ended", f"{run.tally.open:,} orders: no progress for too long"


def summary_json(
    run: DemoRun, timelines: dict[str, Timeline], report: AuditReport, ui_url: str | None
) -> dict[str, Any]:
    """Return the whole result in wire spelling; amounts in minor units."""
    return {
        "placed": run.tally.placed,
        "allSettled": run.all_ended,
        "outcomes": [{"status": s, "reason": r, "orders": n} for s, r, n in run.outcomes],
        "revenue": run.revenue,
        "topCustomers": [
            {"customerId": c, "currency": currency, "totalSpend": amount, "shippedOrders": n}
            for c, currency, amount, n in run.top_customers
        ],
        "seconds": round(run.seconds, 3),
        "ordersPerSecond": round(run.rate, 2),
        "secondsToFirstShipped": run.to_first_shipped,
        "timelines": {kind: timeline_document(timeline) for kind, timeline in timelines.items()},
        "temporalUiUrl": ui_url,
        "audit": report.as_json(),
    }
