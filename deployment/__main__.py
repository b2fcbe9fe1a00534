"""`python -m deployment [--from COMMIT] [--json]`."""

from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.output import show, show_json
from cli.refusals import OK, REFUSED
from cli.running import executed
from deployment.report import Report, report_json, report_lines
from deployment.run import run
from process import MARGIN_WITH_SERVICES
from settings import Settings

From = Annotated[str, typer.Option("--from", metavar="COMMIT", help="The version that the upgrade begins with.")]


@executed(margin=MARGIN_WITH_SERVICES)
async def deployment(_: Settings, since: From = "HEAD~", as_json: AsJson = False) -> int:
    """The services of docker-compose.yml as processes, taken through restarts, kills and moves, the books proved each time.

    Exits 0 only if every stage that can be tested on this machine holds; the table names those that cannot.
    """
    report = Report()
    await run(report, since)
    if as_json:
        show_json(report_json(report))
    else:
        show(*report_lines(report))
    return OK if report.good else REFUSED


if __name__ == "__main__":
    typer.run(deployment)
