"""Whether Temporal is there."""

from datetime import timedelta
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

_LIMIT: Final = timedelta(seconds=5)


class TemporalUnreachable(Exception):
    """Nothing that speaks for Temporal answers at the configured address."""


async def require_answer(client: Client) -> None:
    """Connect where that has not been done yet. Raises TemporalUnreachable."""
    try:
        await client.service_client.check_health(timeout=_LIMIT)
    except (RuntimeError, RPCError) as error:  # the SDK has no error of its own for a connection that is refused
        raise TemporalUnreachable(str(error)) from None


async def reachable(client: Client) -> Client | None:
    """The client, None where Temporal does not answer it."""
    try:
        await require_answer(client)
    except TemporalUnreachable:
        return None
    return client
