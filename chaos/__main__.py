"""`python -m chaos [--seconds N] [--seed N] [--rate N] [--providers] [--json]`."""

import random
from typing import Annotated

import typer

from chaos.report import Log, verdict_json, verdict_lines
from chaos.soak import Plan, soak
from cli.arguments import AsJson
from cli.output import show, show_json
from cli.refusals import OK, REFUSED
from cli.running import executed
from process import MARGIN_WITH_SERVICES
from settings import Settings

Seconds = Annotated[
    float, typer.Option(min=1, help="Duration of fault injection; from 240 on Temporal is down for a minute.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the traffic and the faults; random by default.")]
AtProviders = Annotated[
    bool, typer.Option("--providers", help="Charge by a stand-in of Stripe, and buy labels by a stand-in of EasyPost.")
]
Rate = Annotated[float, typer.Option(min=0.1, max=50, help="Orders a second.")]


@executed(margin=MARGIN_WITH_SERVICES)
async def chaos(
    _: Settings,
    seconds: Seconds = 120,
    seed: Seed = None,
    rate: Rate = 3,
    providers: AtProviders = False,
    as_json: AsJson = False,
) -> int:
    """Run a soak test: place orders while faults are injected one after another, then audit the books.

    Prints each fault and the time until work continued after it. Exits 0 only if every order has ended and the audit
    passes.
    """
    plan = Plan(seconds, random.SystemRandom().randrange(1_000_000) if seed is None else seed, rate, providers)
    log = Log()
    verdict = await soak(plan, log)
    if as_json:
        show_json(verdict_json(verdict, log))
    else:
        show(*verdict_lines(verdict))
    return OK if verdict.good else REFUSED


if __name__ == "__main__":
    typer.run(chaos)
