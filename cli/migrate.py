"""`orders migrate`: brings the schema up to date."""

from cli.arguments import AsJson
from cli.output import note, show, show_json
from cli.refusals import require_address
from cli.running import executed
from eventstore.migrate import migrate
from settings import Settings


@executed()
async def migrate_database(settings: Settings, as_json: AsJson = False) -> None:
    """Bring the database's schema up to date, as its owner (DATABASE_OWNER_URL, else DATABASE_URL)."""
    require_address(settings.owner_database_url)
    applied = await migrate(settings.owner_database_url, on_wait=note)
    if as_json:
        show_json({"applied": applied})
    else:
        show("\n".join(f"applied {name}" for name in applied) or "nothing to apply")
