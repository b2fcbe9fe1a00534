"""`orders demo`: start every service, place the Northwind orders, follow them to their end, audit."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from cli.arguments import AsJson
from cli.audit import prove_books, report_lines
from cli.demo.course import Course, Ended, all_ended
from cli.demo.progress import following
from cli.demo.summary import DemoRun, stories, story_lines, summary_json, summary_lines
from cli.demo.world import ORDERS_FILE, STOCK_FACTOR, World, demo_world, served
from cli.output import note, show, show_json
from cli.place.lines import Line, lines
from cli.place.placing import place_all
from cli.refusals import OK, REFUSED, Refused
from cli.running import executed
from orders.money import format_money
from process import MARGIN_WITH_SERVICES
from settings import Settings
from web.address import beside_others
from web.app import create_app
from web.server import api_served

ALL_ORDERS: Final = 830
# Open orders at a time. With all 830 placed in a burst, only three shipped ones had ended after 27 seconds.
_OPEN: Final = 48
_PATIENCE: Final = 120.0  # seconds without any order ending, after which the demo stops waiting

Orders = Annotated[int, typer.Option("--orders", min=1, max=ALL_ORDERS, help="How many of the orders are placed.")]
Leave = Annotated[bool, typer.Option("--exit", help="Stop after the summary; exit 1 unless the books hold.")]


@executed(margin=MARGIN_WITH_SERVICES)
async def demo(_: Settings, orders: Orders = ALL_ORDERS, leave: Leave = False, as_json: AsJson = False) -> int:
    """Run the Northwind orders on throwaway data: everything up, orders placed, followed to their end, audited.

    Stays up after the summary until Ctrl-C, for a look around in the Temporal Web UI. DATABASE_URL and
    TEMPORAL_ADDRESS, where set, are used as they are and nothing is started in their place.
    """
    performance = Demo(orders, leave, as_json)
    return await performance.run()


class Demo:
    """One run of the demo. `reported`: the summary is printed, so that an interruption is a regular end."""

    def __init__(self, orders: int, leave: bool, as_json: bool) -> None:
        self._orders, self._leave, self._as_json = orders, leave, as_json
        self._started = datetime.now(UTC)
        self.reported = False

    async def run(self) -> int:
        """Set up, perform, stop. Return the exit code: 0 where all orders ended and the books hold."""
        async with demo_world() as world:
            _introduce(world.app.settings, self._orders)
            try:
                async with api_served(create_app(world.app, world.client), beside_others(world.app.settings)) as url:
                    note(f"Page and HTTP API: {url}")
                    world = replace(world, app=world.app.with_page(url))
                    return await served(world, self._perform(world))
            except asyncio.CancelledError:
                if not self.reported:
                    raise
                return OK

    async def _perform(self, world: World) -> int:
        run = await self._place_and_follow(world)
        holds = await self._report(world, run)
        self.reported = True
        if not self._leave:
            note("Everything stays up until Ctrl-C.")
            await asyncio.Event().wait()
        return OK if holds and run.all_ended else REFUSED

    async def _place_and_follow(self, world: World) -> DemoRun:
        course, ended, all_placed = Course(world.app.sources(world.client)), list[Ended](), asyncio.Event()
        begun, room = datetime.now(UTC), asyncio.Semaphore(_OPEN)
        with following(self._orders) as on_tally:

            def on_ended(found: Sequence[Ended]) -> None:
                ended.extend(found)
                for _ in found:
                    room.release()
                on_tally(course.tally)

            async with asyncio.TaskGroup() as group:
                group.create_task(_place(world, _first(self._orders, room), course, all_placed))
                waiting = group.create_task(all_ended(course, all_placed, on_ended, _PATIENCE))
        return DemoRun(self._started, begun, datetime.now(UTC), course.tally, ended, waiting.result())

    async def _report(self, world: World, run: DemoRun) -> bool:
        """Print the results; return True where the books hold."""
        found, ui_url = await stories(world, run), world.app.settings.temporal_ui_url
        report = await prove_books(world.app.sources(world.client))
        if self._as_json:
            show_json(summary_json(run, found, report, ui_url))
        else:
            show(*summary_lines(run), *story_lines(found, ui_url), *report_lines(report))
        return report.holds


def _introduce(settings: Settings, orders: int) -> None:
    declined = format_money(settings.payment_decline_above or 0, "USD")
    note(
        f"{orders:,} Northwind orders. Stock levels are multiplied by {STOCK_FACTOR}, payments above {declined} are "
        f"declined (ORDERS_PAYMENT_DECLINE_ABOVE), and shipping is unavailable above "
        f"{settings.shipping_unavailable_above:,} units (ORDERS_SHIPPING_UNAVAILABLE_ABOVE)."
    )
    if settings.temporal_ui_url:
        note(f"Temporal Web UI: {settings.temporal_ui_url}")


async def _place(world: World, orders: AsyncIterator[Line], course: Course, all_placed: asyncio.Event) -> None:
    async for outcome in place_all(world.app.orders, orders, bulk=True):
        if outcome.error is not None:
            raise outcome.error
        if outcome.order_id is None or outcome.result == "refused":
            raise Refused(f"line {outcome.line} of the demo's orders: {'; '.join(map(str, outcome.faults))}")
        course.add(outcome.order_id)
    all_placed.set()


async def _first(orders: int, room: asyncio.Semaphore) -> AsyncIterator[Line]:
    """Yield the first orders, each as soon as there is room for it."""
    async for line in lines(str(ORDERS_FILE)):
        await room.acquire()
        yield line
        if line.number == orders:
            return
