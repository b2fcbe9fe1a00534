"""The audit: every order against all ledgers, then all ledgers against the orders."""

from collections.abc import Callable, Sequence
from typing import Final

from audit.read_models import audit_projection
from audit.report import LABELS, MESSAGES, MONEY, OPEN_ORDERS, READ_MODELS, STOCK, STREAMS, AuditReport, Finding
from audit.strangers import audit_strangers
from audit.topics import audit_topics
from audit.verdicts import Verdict, of_broken, of_order
from open_work.evidence import gather
from open_work.open_orders import Prospects, unfinished
from open_work.sources import Sources
from order_streams.folded import order_ids
from orders.money import format_money
from projections import PROJECTIONS

# An order that changes between two looks takes one of its few steps in each.
_LOOKS: Final = 10

Progress = Callable[[str, int], None]


async def audit(sources: Sources, on_progress: Progress = lambda stage, done: None) -> AuditReport:
    """Prove the books, reading only (record_audit keeps the outcome); memory grows with the findings, not with the orders.

    Safe during traffic: a finding counts when a second look, with everything read again, finds the same at the same version
    of the stream. Orders placed after the audit passed their id are not included. on_progress: called with the stage and
    the number of things examined. Raises the database driver's errors; an unreachable Temporal is a finding of open orders.
    """
    report = AuditReport(await sources.store.head())
    await _audit_orders(sources, report, on_progress)
    on_progress("orders that do not exist", 0)
    report.add([finding async for finding in audit_strangers(sources)])
    await _audit_stock(sources, report)
    await _audit_topics(sources, report, on_progress)
    await _audit_read_models(sources, report, on_progress)
    return report


async def _audit_orders(sources: Sources, report: AuditReport, on_progress: Progress) -> None:
    prospects = Prospects(sources)
    async for ids in order_ids(sources.pool):
        for verdict in await _judge_twice(sources, prospects, ids):
            _count(report, verdict)
        on_progress("orders", report.checks[STREAMS].numbers["orders"])
    for total in await sources.ledger.totals():
        charged, returned = (format_money(each, total.currency) for each in (total.charged, total.refunded))
        report.checks[MONEY].notes.append(f"{charged} charged, {returned} returned")
    if prospects.unreachable:
        report.checks[OPEN_ORDERS].notes.append(prospects.unreachable)


async def _judge_twice(sources: Sources, prospects: Prospects, ids: Sequence[str]) -> list[Verdict]:
    final: list[Verdict] = []
    earlier: dict[str, Verdict] = {}
    for _ in range(_LOOKS):
        latest = {verdict.order_id: verdict for verdict in await _judge(sources, prospects, ids)}
        final += [each for id_, each in latest.items() if not each.findings or each == earlier.get(id_)]
        done = {each.order_id for each in final}
        earlier = {id_: each for id_, each in latest.items() if id_ not in done}
        if not earlier:
            return final
        ids = list(earlier)
    return [*final, *earlier.values()]


async def _judge(sources: Sources, prospects: Prospects, ids: Sequence[str]) -> list[Verdict]:
    evidence, broken = await gather(sources, ids)
    known = await prospects.of([work for each in evidence for work in unfinished(each)])
    verdicts = [of_order(each, known.get(each.stream.order_id, ())) for each in evidence]
    return verdicts + [of_broken(stream) for stream in broken]


def _count(report: AuditReport, verdict: Verdict) -> None:
    report.add(verdict.findings)
    report.count(STREAMS, "orders")
    report.count(STREAMS, "events", verdict.version)
    if verdict.status is not None:
        for check in (MONEY, LABELS):
            report.count(check, verdict.status if verdict.status in ("shipped", "cancelled") else "open")
    if verdict.status == "shipped":
        report.count(STOCK, "units shipped", verdict.units)
    if verdict.open_reason:
        report.count(OPEN_ORDERS, "open orders")
        report.open_orders[verdict.open_reason] += 1


async def _audit_stock(sources: Sources, report: AuditReport) -> None:
    """For every SKU: stock put in less stock held is stock now, by the inventory's own logs. That the stock held is the units
    of shipped and open orders is checked order by order; together: put in - shipped = available + held by open orders."""
    report.add(
        Finding(
            STOCK,
            each.sku,
            f"{each.adjusted:,} units were put in and {each.held:,} are held, where {each.available:,} are available "
            f"and {each.reserved:,} counted as reserved",
        )
        for each in await sources.stock.books()
    )


async def _audit_topics(sources: Sources, report: AuditReport, on_progress: Progress) -> None:
    async for page in audit_topics(sources):
        report.add(page.findings)
        report.count(MESSAGES, page.topic, page.messages)
        on_progress("messages", report.checks[MESSAGES].numbers.total())


async def _audit_read_models(sources: Sources, report: AuditReport, on_progress: Progress) -> None:
    for projection in PROJECTIONS:
        on_progress(f"read model {projection.name}", 0)
        compared = await audit_projection(sources, projection)
        report.add(compared.findings)
        report.count(READ_MODELS, f"{projection.name} rows", compared.rows)
        report.checks[READ_MODELS].notes.append(f"{projection.name} at position {compared.position}")
