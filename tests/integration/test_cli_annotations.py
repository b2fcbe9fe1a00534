"""`orders note`, `tag` and `untag`, and the list by tags and metadata."""

import csv
import getpass
from io import StringIO

from eventstore.pool import open_pool
from eventstore.store import EventStore
from eventstore.wakeup import Wakeup
from projections.order_dashboard import ORDER_DASHBOARD
from tests.integration.cli_harness import Shell, as_lines
from tests.integration.projections_harness import drain, projector
from tests.running_system import order_data


async def project(shell: Shell) -> None:
    """Bring the list up to date, as the projector would."""
    async with open_pool(shell.environment["DATABASE_URL"]) as pool:
        store = EventStore(pool, Wakeup(pool))
        await drain(projector(pool, store, ORDER_DASHBOARD))


async def test_an_order_is_annotated_shown_and_found(shell: Shell) -> None:
    placed = as_lines(order_data("a", metadata={"channel": "web"}), order_data("b", metadata={"channel": "shop"}))
    assert (await shell.orders("place", "-", given=placed)).code == 0
    noted = await shell.orders("note", "a", "called\nthe customer", "--json")
    assert (noted.code, noted.document) == (
        0,
        {"orderId": "a", "changed": True, "status": "placed", "tags": [], "version": 2},
    )
    assert (await shell.orders("note", "a", "again")).out == "order a has the note\n"
    assert (await shell.orders("tag", "a", "VIP", "gift")).out == "order a has the tags vip, gift\n"
    again = await shell.orders("tag", "a", "vip", "--json")
    assert (again.code, again.document["changed"], again.document["tags"]) == (0, False, ["vip", "gift"])
    assert (await shell.orders("untag", "a", "Gift", "nobodys")).out == "order a has the tags vip\n"
    assert (await shell.orders("untag", "a", "gift")).out == "order a is unchanged: tags vip\n"

    shown = (await shell.orders("show", "a", "--json")).document
    assert (shown["tags"], shown["metadata"]) == (["vip"], {"channel": "web"})
    events = (await shell.orders("timeline", "a", "--json")).document["events"]
    assert [(each["type"], each["actor"], each["summary"]) for each in events[1:3]] == [
        ("order.noted", f"cli:{getpass.getuser()}", "called\nthe customer"),
        ("order.noted", f"cli:{getpass.getuser()}", "again"),
    ]

    await project(shell)
    for options, expected in (
        (("--tag", "Vip"), ["a"]),
        (("--tag", "vip", "--tag", "gift"), []),
        (("--metadata", "channel:shop"), ["b"]),
        (("--metadata", "channel:web", "--tag", "vip", "--status", "placed"), ["a"]),
    ):
        listed = (await shell.orders("list", *options, "--json")).document["orders"]
        exported = await shell.orders("list", *options, "--csv")
        assert [row["orderId"] for row in listed] == expected, options
        rows = list(csv.DictReader(StringIO(exported.out, newline="")))
        assert [row["orderId"] for row in rows] == expected, options
    [row] = csv.DictReader(StringIO((await shell.orders("list", "--tag", "vip", "--csv")).out, newline=""))
    assert (row["tags"], row["metadata"]) == ('["vip"]', '{"channel":"web"}')


async def test_annotations_that_are_refused_change_nothing_and_name_the_reason(shell: Shell) -> None:
    assert (await shell.orders("place", "-", given=as_lines(order_data("a")))).code == 0
    for code, message, command in (
        (1, "there is no order b", ("note", "b", "x")),
        (1, "there is no order b", ("tag", "b", "x")),
        (1, "text must not be empty", ("note", "a", "")),
        (1, "text must be at most 2,000 characters long, not 2,001", ("note", "a", "x" * 2_001)),
        (1, "order a is at version 1, placed, not 2", ("note", "a", "x", "--expect", "2")),
        (2, "letters from a to z", ("tag", "a", "vip", "ä")),
        (2, "letters from a to z", ("untag", "a", "a b")),
        (1, "cannot have more than 20 tags", ("tag", "a", *(f"t-{number}" for number in range(21)))),
        (2, "must be KEY:VALUE", ("list", "--metadata", "channel")),
        (2, "names two values", ("list", "--metadata", "a:1", "--metadata", "a:2")),
    ):
        ended = await shell.orders(*command)
        assert (ended.code, ended.out) == (code, ""), (command, ended)
        assert message in " ".join(ended.err.replace("│", " ").split()), (command, ended.err)
    assert (await shell.orders("show", "a", "--json")).document["version"] == 1
