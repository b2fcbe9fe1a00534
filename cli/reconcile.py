"""`orders reconcile`: compares payments with Stripe, and records the changes that were made there."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from activities.reconciling import FIRST_WINDOW, Outcome, Reconciling
from cli.arguments import AsJson, identifier
from cli.audit import Progress, progress_of
from cli.output import show, show_json, visible
from cli.refusals import OK, REFUSED, Refused
from cli.running import executed, opened
from gateways.errors import GatewayUnavailable
from orders.adjustments import sentence_of
from settings import Settings


def _identifiers(values: list[str] | None) -> list[str]:
    for value in values or []:
        identifier(value)
    return values or []


Orders = Annotated[
    list[str] | None,
    typer.Argument(metavar="ORDER…", help="Compare these orders alone.", callback=_identifiers, show_default=False),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="TIME",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"],
        help="Changes at Stripe since then, in UTC: 2026-01-31 or 2026-01-31T18:00:00; three days ago by default.",
    ),
]


@executed()
async def reconcile(settings: Settings, orders: Orders = None, since: Since = None, as_json: AsJson = False) -> int:
    """Compare payments with Stripe now: refunds, captures, releases and disputes made there enter the orders' streams.

    A worker does the same every ORDERS_STRIPE_RECONCILE_SECONDS. Exits 1 where an order could not be compared.
    """
    async with opened(settings) as app:
        if app.stripe is None:
            raise Refused("ORDERS_STRIPE_API_KEY is not set: there is no provider to compare payments with")
        start = since.replace(tzinfo=UTC) if since else datetime.now(UTC) - FIRST_WINDOW
        with progress_of("reconciling") as on_progress:
            found = await _outcomes(app.reconciling(), orders or [], start, on_progress)
    failed = [outcome for outcome in found if outcome.problem]
    if as_json:
        show_json({"orders": list(map(_document, found)), "failed": len(failed)})
    else:
        show(*_lines(found))
    return REFUSED if failed else OK


async def _outcomes(
    reconciling: Reconciling, orders: list[str], since: datetime, on_progress: Progress
) -> list[Outcome]:
    """Raises Refused where Stripe does not answer."""
    found: list[Outcome] = []
    try:
        async for outcome in _each(reconciling, orders) if orders else reconciling.since(since):
            found.append(outcome)
            on_progress("orders", len(found))
    except GatewayUnavailable as error:
        raise Refused(f"{error}; {len(found):,} orders are compared: repeat the command") from None
    return found


async def _each(reconciling: Reconciling, orders: list[str]) -> AsyncIterator[Outcome]:
    for order_id in dict.fromkeys(orders):
        yield await reconciling.order(order_id)


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "orderId": outcome.order_id,
        "status": outcome.status,
        "recorded": [
            {"action": each.action, "reference": each.reference, "amount": each.amount, "returned": each.returned}
            for each in outcome.recorded
        ],
        "currency": outcome.currency,
        "onHold": outcome.on_hold,
        "problem": outcome.problem,
    }


def _lines(found: list[Outcome]) -> Iterator[Text]:
    for outcome in found:
        order_id = visible(outcome.order_id)
        if outcome.problem:
            yield Text("✗ ", style="red").append(f"{order_id}: {visible(outcome.problem)}", style="default")
        for each in outcome.recorded:
            held = ", and the order is on hold" if outcome.on_hold else ""
            sentence = visible(sentence_of(each, outcome.currency or ""))
            yield Text("✓ ", style="green").append(f"{order_id}: {sentence}{held}", style="default")
    recorded = sum(len(outcome.recorded) for outcome in found)
    yield Text(f"{len(found):,} orders compared, {recorded:,} changes recorded.", style="bold")
