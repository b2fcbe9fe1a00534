"""The process of one side: `python -m bench.child MODULE:FUNCTION`; its figures as JSON on standard output."""

import importlib
import json
import sys

from bench.side import Ground, Measure, peak_megabytes
from bootstrap import run
from telemetry import configure_logging


async def main() -> None:
    """Run the side that the command line names."""
    configure_logging("error")
    module, _, function = sys.argv[1].partition(":")
    measure: Measure = getattr(importlib.import_module(f"bench.{module}"), function)
    figures = dict(await measure(Ground.of_environment())) | {"peak_mb": peak_megabytes()}
    print(json.dumps(figures))


if __name__ == "__main__":
    run(main)
