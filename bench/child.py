"""The process of one side: `python -m bench.child MODULE:FUNCTION`; its figures as JSON on standard output."""

import asyncio
import importlib
import json
import sys
from functools import partial
from typing import Any

import uvloop

from bench.side import LEFT_OUT, Ground, LeftOut, Measure, peak_megabytes
from process import run
from telemetry import configure_logging


async def _side(measure: Measure) -> None:
    try:
        figures: dict[str, Any] = dict(await measure(Ground.of_environment()))
    except LeftOut as error:
        figures = {LEFT_OUT: str(error)}
    figures.setdefault("peak_mb", peak_megabytes())
    print(json.dumps(figures))


def main() -> None:
    """Run the side that the command line names, on the loop that its module wants."""
    configure_logging("error")
    name, _, function = sys.argv[1].partition(":")
    try:
        module = importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError as error:
        print(json.dumps({LEFT_OUT: f"needs {error.name}, which `make bench` installs"}))
        return
    measure: Measure = getattr(module, function)
    plain = getattr(module, "PLAIN_ASYNCIO", False)
    run(partial(_side, measure), asyncio.new_event_loop if plain else uvloop.new_event_loop)


if __name__ == "__main__":
    main()
