"""Orders for operators' commands beside a running system."""

from typing import Any

from audit import audit
from open_work.sources import Sources
from projections import PROJECTIONS
from tests.integration.cli_harness import Shell
from tests.running_system import RunningSystem
from tests.workflow.steering import Steering


async def shipped(system: RunningSystem) -> str:
    order_id = await system.place()
    await system.settled(order_id, "shipped")
    return order_id


async def stopped_before(system: RunningSystem, steering: Steering, step: str) -> str:
    """Order whose workflow waits before a step until the test releases it."""
    held = steering.hold_before(step)
    order_id = await system.place()
    await held.reached.wait()
    return order_id


async def stuck(shell: Shell) -> list[dict[str, Any]]:
    """The rows of `orders attention`, which exits by them."""
    ended = await shell.orders("attention", "--json")
    rows: list[dict[str, Any]] = ended.document["stuck"]
    assert ended.code == (1 if rows else 0), ended.err
    return rows


async def assert_the_books_hold(system: RunningSystem) -> None:
    app = system.app
    for projection in PROJECTIONS:
        await app.queries.wait_until(projection.name, await app.store.head(), 30)
    sources = Sources(app.pool, app.store, app.codec, app.stock, system.ledger, system.client)
    assert (await audit(sources)).findings == []
