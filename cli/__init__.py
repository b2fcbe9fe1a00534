"""The `orders` command: everything that people and scripts do with the system."""

import sys
from typing import Annotated

import typer

from application.version import program_version
from cli.api import api
from cli.attention import attention
from cli.audit import audit
from cli.cancel import cancel
from cli.demo import demo
from cli.dev import dev
from cli.dispatching import dispatcher
from cli.health import health
from cli.holding import hold, release
from cli.inventory import inventory
from cli.listing import customers, list_orders
from cli.place import place
from cli.read_models import projections
from cli.recover import recover
from cli.refunding import refund
from cli.retrying import retry_order
from cli.serving import migrate_database, worker
from cli.show import show_order
from cli.timeline import timeline
from cli.webhooks import webhooks

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Orders as event streams, on PostgreSQL and Temporal.",
)

app.command()(dev)
app.command()(demo)
app.command("migrate")(migrate_database)
app.command()(worker)
app.command()(api)
app.command()(place)
app.command("show")(show_order)
app.command()(timeline)
app.command("list")(list_orders)
app.command()(customers)
app.command()(cancel)
app.command()(hold)
app.command()(release)
app.command("retry")(retry_order)
app.command()(refund)
app.command()(attention)
app.add_typer(inventory, name="inventory")
app.add_typer(projections, name="projections")
app.add_typer(dispatcher, name="dispatcher")
app.add_typer(webhooks, name="webhooks")
app.command()(audit)
app.command()(recover)
app.command()(health)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(program_version())
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Orders as event streams, on PostgreSQL and Temporal."""


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="orders")
