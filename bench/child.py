"""The process of one side: `python -m bench.child MODULE:FUNCTION`; its figures as JSON on standard output."""

import asyncio
import gc
import importlib
import json
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from bench.side import LEFT_OUT, Ground, LeftOut, Measure, peak_megabytes
from bootstrap import run
from telemetry import configure_logging


async def _side(measure: Measure) -> None:
    try:
        figures: dict[str, Any] = dict(await measure(Ground.of_environment()))
    except LeftOut as error:
        figures = {LEFT_OUT: str(error)}
    figures.setdefault("peak_mb", peak_megabytes())
    print(json.dumps(figures))


def _run_on_plain_asyncio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def leave_in_order() -> None:
        try:
            await main()
        finally:
            gc.collect()  # as bootstrap.run does, and for its reason
            await asyncio.sleep(0)

    asyncio.run(leave_in_order())


def main() -> None:
    """Run the side that the command line names, on the loop that its module wants."""
    configure_logging("error")
    name, _, function = sys.argv[1].partition(":")
    module = importlib.import_module(f"bench.{name}")
    measure: Measure = getattr(module, function)
    plain = getattr(module, "PLAIN_ASYNCIO", False)
    (_run_on_plain_asyncio if plain else run)(partial(_side, measure))


if __name__ == "__main__":
    main()
