"""The audit as a test's final assertion: of the whole database, with all events dispatched and projected."""

from audit import audit
from eventstore.checkpoints import lags
from open_work.sources import Sources
from projections import PROJECTIONS
from tests.running_system import RunningSystem, until


async def assert_the_books_hold(system: RunningSystem) -> None:
    """Money, labels, stock, messages and read models agree with the streams, and no order is open."""

    async def projected() -> bool:
        behind = [lag.events for each in PROJECTIONS for lag in await lags(system.app.pool, each.name)]
        return not any(behind)

    await until(projected, "the read models are up to date")
    app = system.app
    sources = Sources(app.pool, app.store, app.codec, app.stock, system.ledger, system.client)
    report = await audit(sources)
    assert not report.findings, report.findings
    assert not report.open_orders, report.open_orders
