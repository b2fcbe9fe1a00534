"""Report of a bulk action: a line for each result, progress, and a summary."""

import asyncio
from typing import Any

from application.bulk_action import BulkAction, Outcome
from cli.failures import explain, refusal_document
from cli.output import note, show, show_json
from cli.progress import acting
from cli.refusals import INTERRUPTED, OK, REFUSED
from settings import Settings


class Report:
    """Runs a bulk action and prints its results; as_json: each as a line of JSON, else the refused ones alone."""

    def __init__(self, action: BulkAction, settings: Settings, *, as_json: bool) -> None:
        self._action, self._settings, self._as_json = action, settings, as_json

    async def run(self) -> int:
        """Run it and return the exit code. Ctrl-C stops it, and so does a reader that closes standard output."""
        try:
            await self._results()
        except asyncio.CancelledError:
            await self._stop()
            return self._finish(INTERRUPTED)
        except BrokenPipeError:
            await self._stop()
            return self._finish(REFUSED)
        return self._finish(OK)

    async def _stop(self) -> None:
        """Complete the orders in progress."""
        self._action.stop()
        await self._results()

    async def _results(self) -> None:
        with acting(self._action.total, hidden=self._as_json) as advance:
            async for outcome in self._action.outcomes():
                assert outcome is not None  # without a time-out
                self._print(outcome)
                advance(self._action.reported)

    def _print(self, outcome: Outcome) -> None:
        sentence = _sentence(outcome, self._settings) if outcome.error else None
        if self._as_json:
            show_json(outcome.document(_code(outcome.error, sentence) if outcome.error else None, sentence))
        elif sentence:
            note(sentence if outcome.order_id in sentence else f"order {outcome.order_id}: {sentence}")

    def _finish(self, code: int) -> int:
        """Print the summary; return the code, or that of a refusal."""
        summary = self._action.summary()
        if summary.left:
            note(f"stopped: {summary.left:,} orders are left. Run the same command again for them")
        if self._as_json:
            show_json({"summary": summary})
        else:
            counts = summary.model_dump(exclude={"orders"}).items()
            show(", ".join(f"{name} {count:,}" for name, count in counts if count or name == "done"))
        return code or (REFUSED if summary.refused or summary.failed or summary.left else OK)


def _sentence(outcome: Outcome, settings: Settings) -> str:
    assert outcome.error is not None
    return explain(outcome.error, settings) or repr(outcome.error)


def _code(error: Exception, sentence: str | None) -> Any:
    if explain(error, None) is None:
        return "internal-error"
    return refusal_document(error, sentence or "")["error"]["code"]
