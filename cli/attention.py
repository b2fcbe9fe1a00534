"""`orders attention`: orders and events that need an operator."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from application.attention import attention_cursor, attention_document, place_of
from cli.arguments import AsJson
from cli.failures import explain
from cli.output import note, print_cursor, show, show_json, table
from cli.refusals import OK, REFUSED
from cli.running import executed, opened, temporal_if_reachable
from open_work.attention_list import StuckList, StuckPage, find_stuck
from open_work.kinds import KINDS, Kind, Stuck
from settings import Settings

KindFilter = Annotated[
    Kind | None,
    # The kinds in the help's text, which breaks between words; as a metavar they would break within.
    typer.Option("--kind", metavar="KIND", help=f"Only rows of this kind: {', '.join(KINDS)}."),
]
AfterRow = Annotated[str | None, typer.Option("--after", metavar="CURSOR", help="Go on where an earlier page ended.")]
MaxRows = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most this many rows.")]


_COLOURS: Final[dict[Kind, str]] = {
    "refundFailed": "bold red",
    "disputed": "bold red",
    "holdEnding": "bold yellow",
    "lost": "bold red",
    "stalled": "bold red",
    "failing": "yellow",
    "parked": "red",
    "onHold": "cyan",
}


@executed(check=lambda given: _place(given["after"]))
async def attention(
    settings: Settings, kind: KindFilter = None, limit: MaxRows = 100, after: AfterRow = None, as_json: AsJson = False
) -> int:
    """List orders and events that need an operator, in the order of harm, from money at risk to holds.

    Each with the order's state, the step, since when, the last error and the next retry. Exits 0 for an empty
    list, 1 otherwise or where Temporal did not respond.
    """
    place = _place(after)
    async with opened(settings) as app:
        found = await find_stuck(app.sources(await temporal_if_reachable(settings)), settings)
    page = found.page(limit, kind=kind, after=place)
    if as_json:
        show_json(attention_document(found, page))
    else:
        _print(found, page, kind)
    if found.problem:
        note(f"without workflows: {explain(found.problem, settings)}")
    stuck = found.counts.total() if kind is None else found.counts[kind]
    return REFUSED if stuck or found.problem else OK


def _place(after: str | None) -> Sequence[str]:
    try:
        return place_of(after)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--after") from None


def _print(found: StuckList, page: StuckPage, kind: Kind | None) -> None:
    if found.counts:
        show(_counts(found))
    elif not found.problem:
        show("nothing needs attention")
    if found.counts and kind and not found.counts[kind]:
        show(f"none of kind {kind}")
    if page.rows:
        show(_table(page.rows))
    print_cursor(attention_cursor(page))


def _counts(found: StuckList) -> Text:
    """Number of rows by kind, the most harmful first: `lost 2, onHold 50`."""
    plus = {kind: "+" if kind in found.full else "" for kind in found.by_kind}
    return Text(", ".join(f"{kind} {count:,}{plus[kind]}" for kind, count in found.by_kind.items() if count))


def _table(rows: Iterable[Stuck]) -> Table:
    return table(
        "kind",
        "order",
        "state",
        "step",
        "since",
        "last error",
        "next retry",
        rows=(
            (_kind(each), each.order_id, each.state, _step(each), each.since, each.error, each.next_retry)
            for each in rows
        ),
    )


def _kind(stuck: Stuck) -> Text:
    return Text(stuck.kind, style=_COLOURS[stuck.kind])


def _step(stuck: Stuck) -> str:
    return stuck.step + (f" (position {stuck.position})" if stuck.position else "")
